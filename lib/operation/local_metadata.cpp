#include "operation/local_metadata.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/open_fd.hpp"
#include "component/files/metadata.hpp"

namespace sapdr::core {

namespace {

mode_t system_type(NodeType type) {
  switch (type) {
    case NodeType::file:
      return S_IFREG;
    case NodeType::dir:
      return S_IFDIR;
    case NodeType::symlink:
      return S_IFLNK;
    case NodeType::dev:
      return S_IFBLK;
    case NodeType::chardev:
      return S_IFCHR;
    case NodeType::fifo:
      return S_IFIFO;
    case NodeType::socket:
      return S_IFSOCK;
    case NodeType::irregular:
      break;
  }
  return 0;
}

std::string read_link(int dir_fd, const Node& node) {
  std::string target(node.link_target.size() + 1, '\0');  // longer ones differ anyway
  const ssize_t size = ::readlinkat(dir_fd, node.name.c_str(), target.data(), target.size());
  if (size < 0) throw system_error(errno, "read the link", node.name);
  target.resize(static_cast<size_t>(size));
  return target;
}

bool has_same_xattrs(int dir_fd, int fd, const Node& node) {
  const auto by_name = [](const ExtendedAttribute& a, const ExtendedAttribute& b) {
    return a.name < b.name;
  };
  auto here = fd >= 0 ? read_xattrs(fd) : read_xattrs(dir_fd, node.name);
  auto there = node.xattrs;
  std::sort(here.begin(), here.end(), by_name);
  std::sort(there.begin(), there.end(), by_name);
  return here == there;
}

std::string octal(uint32_t mode) {
  std::string digits;
  for (; mode != 0 || digits.size() < 4; mode >>= 3) {
    digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7)));
  }
  return digits;
}

}  // namespace

Fd open_unnoticed(int dir_fd, const char* name) {
  constexpr int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  Fd fd = open_fd_at(dir_fd, name, flags | O_NOATIME);
  if (!fd && errno == EPERM) fd = open_fd_at(dir_fd, name, flags);
  return fd;
}

std::string difference_in_kind(int dir_fd, const Node& node, const struct stat& st) {
  if ((st.st_mode & S_IFMT) != system_type(node.type)) {
    return std::string("it is no ") + to_string(node.type) + " here";
  }
  if (node.type == NodeType::symlink && read_link(dir_fd, node) != node.link_target) {
    return "it links to something else";
  }
  const bool is_device = node.type == NodeType::dev || node.type == NodeType::chardev;
  if (is_device && st.st_rdev != node.device) return "it is another device";
  return {};
}

std::string difference_in_metadata(int dir_fd, int fd, const Node& node, const struct stat& st,
                                   bool all_names) {
  std::string what;
  const auto add = [&](const std::string& difference) {
    what += (what.empty() ? "" : ", ") + difference;
  };
  const uint32_t mode = st.st_mode & 07777;
  if (node.type != NodeType::symlink && mode != posix_permissions(node.mode)) {
    add("mode " + octal(mode) + ", not " + octal(posix_permissions(node.mode)));
  }
  if (st.st_uid != node.uid || st.st_gid != node.gid) {
    add("owner " + std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid) + ", not " +
        std::to_string(node.uid) + ":" + std::to_string(node.gid));
  }
  if (to_ns(st.st_mtim) != node.mtime) {
    add("mtime " + format_time(to_ns(st.st_mtim)) + ", not " + format_time(node.mtime));
  }
  if (!has_same_xattrs(dir_fd, fd, node)) add("extended attributes");
  if (all_names && node.type == NodeType::file && node.links > 1 && st.st_nlink != node.links) {
    add("link count " + std::to_string(st.st_nlink) + ", not " + std::to_string(node.links));
  }
  return what;
}

}  // namespace sapdr::core
