// Regular files, as programs read them: found below folders in the byte order of their paths, and
// opened when their turn comes.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "component/files/patterns.hpp"

namespace sapdr::core {

// A file that was found or named. It holds no descriptor of its own while it waits.
struct RegularFile {
  std::string path;                // as it is told
  std::shared_ptr<const Fd> base;  // the folder that `relative` begins in
  std::string relative;
  bool named = false;  // the path is the user's: links are followed
  uint64_t size = 0;   // when it was looked at; 0 if unknown

  struct Opened {
    Fd fd;
    struct stat st;
  };
  // Any thread. Throws Code::not_found, Code::invalid_state if it is anything but a file.
  Opened open() const;
};

// A folder whose path is the user's, for files named in it.
std::shared_ptr<const Fd> open_base(const std::string& folder);

// A file by its folder and name: the same by whatever path it is met.
struct FilePlace {
  Fd folder;
  struct stat st;  // of the folder
  std::string name;
};

// Throws if `path` names no file, or its folder cannot be opened.
FilePlace place_of(const std::string& path);

struct RegularFilesOptions {
  std::string folder;                   // where relative paths begin
  std::vector<std::string> paths;       // files and folders; links among them are followed
  PatternList excludes;                 // of what lies below the paths; "/a" is `a` in the folder
  const FilePlace* left_out = nullptr;  // with what killed writers of it left (AtomicFile)
};

class RegularFiles {
 public:
  // What is not among the files, both with its path.
  struct Told {
    std::function<void(const std::string& path, const Error& error)> failed;
    std::function<void(const std::string& path)> skipped;  // a link, device, fifo or socket
  };

  // Throws Code::not_found if one of the paths does not exist.
  RegularFiles(RegularFilesOptions options, Told told);

  // The next file, or nothing at the end. Each is there once, also if paths overlap.
  std::optional<RegularFile> next();

 private:
  struct Entry {
    std::string name;  // that of a folder ends in '/': sorted like that, paths come in byte order
    uint64_t size;
    bool named;

    bool is_folder() const { return name.ends_with('/'); }
  };
  struct Level {
    std::string path;
    std::shared_ptr<const Fd> base;
    std::string relative;
    std::vector<Entry> rest;  // the next one is the last
  };

  void add_given(const std::string& path, const std::shared_ptr<const Fd>& base, Level& top);
  static void drop_covered(std::vector<Entry>& entries);
  bool is_given(const std::string& path) const;
  bool leads_to_given(const std::string& path) const;
  void enter(RegularFile folder);
  std::vector<Entry> list(const Fd& folder, const std::string& path);
  bool look_at(const Fd& folder, const std::string& path, Entry& entry);
  bool is_left_out(const struct stat& folder, std::string_view name) const;

  RegularFilesOptions options_;
  Told told_;
  std::vector<std::string> given_;  // clean and sorted
  std::vector<Level> levels_;
};

}  // namespace sapdr::core
