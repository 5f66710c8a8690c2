// The cache of one repository on disk: FOLDER/REPOSITORY_ID/{index,pack,snapshot,verified}/NAME,
// each file an object as the repository has it. Several processes use it at once and none waits for
// another: files appear whole under their names, and may go at any moment.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/fd.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

class CacheFolder {
 public:
  // The kinds of objects that are kept.
  static constexpr std::array types = {FileType::snapshot, FileType::index, FileType::pack,
                                       FileType::verified};

  // Makes what is missing, for this user alone, and notes that it is in use. Links are followed on
  // the way to `folder`, and nowhere below it. Throws what the filesystem says.
  CacheFolder(const std::string& folder, const std::string& repository_id);
  // One that is there already, in the open folder of all caches; nothing if it is none.
  static std::optional<CacheFolder> find(const Fd& folder, const std::string& repository_id);

  // To read; `size` is told. Invalid if there is no such file; what is no file is removed.
  Fd open(const FileName& file, uint64_t& size) const;
  // To write; it is there once it is published. Throws what the filesystem says.
  std::unique_ptr<AtomicFile> create(const FileName& file) const;
  void remove(FileType type, const std::string& entry) const noexcept;

  // What lies in a folder: whole files, and what is left of those that were never finished.
  struct Entry {
    std::string name;
    uint64_t size = 0;
    UnixNs used = 0;  // when last, give or take some minutes
  };
  // What cannot be listed is left out: somebody may be removing it.
  void list(FileType type, const std::function<void(const Entry& entry)>& each) const;

  // When a repository was last opened with it.
  UnixNs used() const;
  // Everything in it, and then `name` itself in the folder of all caches.
  void remove_all(const Fd& folder, const std::string& name) const;

 private:
  CacheFolder() = default;
  const Fd& of(FileType type) const { return folders_[static_cast<size_t>(type)]; }

  std::string path_;  // for messages
  Fd root_;
  std::array<Fd, static_cast<size_t>(FileType::verified) + 1> folders_;  // of `types`, by number
};

// The folder of all caches; invalid if it is not there. Throws if it cannot be opened.
Fd open_caches(const std::string& folder);
// The ids of the repositories that have a cache in there.
std::vector<std::string> cached_repositories(const Fd& folder);

}  // namespace sapdr::core
