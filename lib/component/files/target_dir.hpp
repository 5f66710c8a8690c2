// A folder that is being restored into, or compared. Nothing reached through it lies outside it:
// every component of a path is opened without following links.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace sapdr::core {

// Members may be called from any thread. Paths are relative to the folder, "a/b/c", components
// checked by is_safe_name; "" is the folder itself.
class TargetDir {
 public:
  // Opens an existing folder; with `create` makes it and its parents (mode 0700) if missing.
  TargetDir(std::string path, bool create);

  const std::string& path() const { return path_; }
  int fd() const { return root_.get(); }

  // nullopt if there is no such entry (or a component on the way is no folder). Never follows
  // links.
  std::optional<struct stat> stat(std::string_view relative) const;
  // Opens a folder below. Throws Code::not_found, or Code::invalid_state if a component is a link
  // or no folder.
  Fd open_dir(std::string_view relative) const;
  // Opens a file with O_NOFOLLOW and the given flags. Throws Code::not_found, or
  // Code::invalid_state if it, or what is on the way, is anything but a file (a link, a fifo, …).
  Fd open_file(std::string_view relative, int flags, unsigned mode = 0600) const;
  std::string read_link(std::string_view relative) const;

  // Makes sure that a folder and those above it are there: an entry that is no folder (a link,
  // too) is removed first.
  void make_dir(std::string_view relative) const;
  // Removes whatever is there, folders with all they hold. Fine if nothing is. Not the folder
  // itself.
  void remove(std::string_view relative) const;

 private:
  Fd open_parent(std::string_view relative, std::string& name) const;
  std::string full(std::string_view relative) const;

  std::string path_;
  Fd root_;
};

}  // namespace sapdr::core
