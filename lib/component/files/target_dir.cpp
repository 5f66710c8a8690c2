#include "component/files/target_dir.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/open_fd.hpp"
#include "base/path.hpp"
#include "component/files/beneath.hpp"
#include "component/files/listing.hpp"
#include "format/tree.hpp"

namespace sapdr::core {

namespace {

void require_safe(std::string_view relative) {
  while (!relative.empty()) {
    const size_t slash = relative.find('/');
    const bool ends_in_slash = slash != std::string_view::npos && slash + 1 == relative.size();
    if (!is_safe_name(relative.substr(0, slash)) || ends_in_slash) {
      throw Error(Code::invalid_argument,
                  "the path \"" + std::string(relative) + "\" is not one inside a folder");
    }
    relative.remove_prefix(slash == std::string_view::npos ? relative.size() : slash + 1);
  }
}

bool is_wrong_type(int error) {
  return error == ELOOP || error == ENOTDIR || error == EXDEV || error == EISDIR || error == ENXIO;
}

Error open_error(int error, const char* kind, const std::string& path) {
  if (!is_wrong_type(error)) return system_error(error, std::string("open the ") + kind, path);
  return Error(Code::invalid_state, path + " is not a " + kind + ", or a link is on the way to it")
      .with("path", path);
}

void make_folders(const std::string& path) {
  for (size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') continue;
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
    const int error = errno;  // EACCES or EROFS above a folder that is there is no obstacle
    struct stat st;
    if (::stat(part.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) continue;
    throw system_error(error, "create the folder", part);
  }
}

// What is mounted somewhere is not part of the folder that it is mounted in.
void require_same_filesystem(int folder, int below, const std::string& path) {
  struct stat above;
  struct stat here;
  if (::fstat(folder, &above) != 0 || ::fstat(below, &here) != 0) {
    throw system_error(errno, "look at", path);
  }
  if (above.st_dev == here.st_dev) return;
  throw Error(Code::invalid_state,
              path + " is where another filesystem is mounted: unmount it, or leave it out")
      .with("path", path);
}

// Removes an entry and everything below it; never through a link, never what is mounted below.
void remove_entry(int folder, const std::string& name, const std::string& path) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return;
  const int error = errno;
  if (error != EISDIR && error != EPERM) throw system_error(error, "remove", path);

  const Fd dir = open_fd_at(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (!dir) throw system_error(error == EISDIR ? errno : error, "remove", path);
  require_same_filesystem(folder, dir.get(), path);
  for (const DirEntry& child : list_folder(Fd(::dup(dir.get())), path)) {
    remove_entry(dir.get(), child.name, path + "/" + child.name);
  }
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    throw system_error(errno, "remove the folder", path);
  }
}

// False if its parent is missing or no folder.
bool make_folder_in(int parent, const std::string& name, const std::string& path) {
  // Somebody may put things there while we take them away.
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (::mkdirat(parent, name.c_str(), 0700) == 0) return true;
    if (errno == ENOENT) return false;
    if (errno != EEXIST) throw system_error(errno, "create the folder", path);
    struct stat st;
    if (::fstatat(parent, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(st.st_mode)) return true;
    if (::unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT && errno != EISDIR) {
      throw system_error(errno, "replace", path);
    }
  }
  throw Error(Code::invalid_state, path + " is being changed by somebody else: try again",
              Retry::maybe);
}

}  // namespace

TargetDir::TargetDir(std::string path, bool create) : path_(std::move(path)) {
  if (path_.empty()) throw Error(Code::invalid_argument, "the path of the target folder is empty");
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  if (create) make_folders(path_);
  // What leads to the folder may be links: it is the user's path.
  root_ = open_fd(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!root_) throw system_error(errno, "open the folder", path_);
}

std::string TargetDir::full(std::string_view relative) const {
  return relative.empty() ? path_ : join_path(path_, relative);
}

Fd TargetDir::open_parent(std::string_view relative, std::string& name) const {
  require_safe(relative);
  if (relative.empty()) {
    throw Error(Code::invalid_argument, "the target folder itself cannot be replaced: " + path_);
  }
  const size_t slash = relative.rfind('/');
  name = relative.substr(slash + 1);
  return open_beneath(root_.get(), slash == std::string_view::npos ? "" : relative.substr(0, slash),
                      O_PATH | O_DIRECTORY);
}

std::optional<struct stat> TargetDir::stat(std::string_view relative) const {
  require_safe(relative);
  const Fd fd = open_beneath(root_.get(), relative, O_PATH);
  struct stat st;
  if (fd && ::fstat(fd.get(), &st) == 0) return st;
  if (errno == ENOENT || is_wrong_type(errno)) return std::nullopt;
  throw system_error(errno, "look at", full(relative));
}

Fd TargetDir::open_dir(std::string_view relative) const {
  require_safe(relative);
  Fd fd = open_beneath(root_.get(), relative, O_RDONLY | O_DIRECTORY);
  if (!fd) throw open_error(errno, "folder", full(relative));
  return fd;
}

Fd TargetDir::open_file(std::string_view relative, int flags, unsigned mode) const {
  require_safe(relative);
  Fd fd = open_beneath(root_.get(), relative, flags, mode);
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0) throw open_error(errno, "file", full(relative));
  if (!S_ISREG(st.st_mode)) throw open_error(ENXIO, "file", full(relative));
  return fd;
}

std::string TargetDir::read_link(std::string_view relative) const {
  require_safe(relative);
  const Fd fd = open_beneath(root_.get(), relative, O_PATH);
  if (!fd) throw open_error(errno, "link", full(relative));
  std::string target(256, '\0');
  for (;;) {
    const ssize_t n = ::readlinkat(fd.get(), "", target.data(), target.size());
    if (n < 0)
      throw system_error(errno == ENOENT ? EINVAL : errno, "read the link", full(relative));
    if (static_cast<size_t>(n) < target.size()) {
      target.resize(static_cast<size_t>(n));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

void TargetDir::make_dir(std::string_view relative) const {
  if (relative.empty()) return;
  std::string name;
  if (const Fd parent = open_parent(relative, name)) {
    if (make_folder_in(parent.get(), name, full(relative))) return;
  } else if (errno != ENOENT && !is_wrong_type(errno)) {
    throw system_error(errno, "open the folder above", full(relative));
  }
  // Something above is missing or no folder: from the top.
  Fd folder = open_fd_at(root_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (size_t at = 0; at < relative.size();) {
    const size_t end = std::min(relative.find('/', at), relative.size());
    const std::string part(relative.substr(at, end - at));
    const std::string path = full(relative.substr(0, end));
    if (!folder || !make_folder_in(folder.get(), part, path)) {
      throw system_error(folder ? ENOENT : errno, "create the folder", path);
    }
    folder = open_fd_at(folder.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    at = end + 1;
  }
}

void TargetDir::remove(std::string_view relative) const {
  std::string name;
  const Fd parent = open_parent(relative, name);
  if (parent) return remove_entry(parent.get(), name, full(relative));
  if (errno != ENOENT && !is_wrong_type(errno)) {
    throw system_error(errno, "open the folder above", full(relative));
  }
}

}  // namespace sapdr::core
