#include "component/files/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/open_fd.hpp"

namespace sapdr::core {

namespace {

int openat2(int dir_fd, const char* path, int flags, unsigned mode) {
  struct open_how how = {};
  how.flags = static_cast<unsigned>(flags);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, dir_fd, path, &how, sizeof how));
}

// For kernels and sandboxes without openat2, and for paths longer than it takes.
Fd walk(int dir_fd, std::string_view relative, int flags, unsigned mode) {
  Fd folder;
  for (;;) {
    const size_t slash = relative.find('/');
    const std::string name(relative.substr(0, slash));
    if (name == "..") {
      errno = EXDEV;
      return {};
    }
    const int from = folder ? folder.get() : dir_fd;
    if (slash == std::string_view::npos) return open_fd_at(from, name.c_str(), flags, mode);
    Fd next = open_fd_at(from, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC | O_DIRECTORY);
    if (!next) return {};
    folder = std::move(next);
    relative.remove_prefix(slash + 1);
  }
}

}  // namespace

Fd open_beneath(int dir_fd, std::string_view relative, int flags, unsigned mode) {
  const std::string path(relative.empty() ? "." : relative);
  flags |= O_NOFOLLOW | O_CLOEXEC;
  if ((flags & O_PATH) == 0) flags |= O_NONBLOCK;
  // The mode may only be given when something may be made.
  const unsigned made = (flags & O_CREAT) != 0 ? mode : 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const int fd = openat2(dir_fd, path.c_str(), flags, made);
    if (fd >= 0) return Fd(fd);
    if (errno == EINTR || errno == EAGAIN) continue;  // EAGAIN: something on the way is renamed
    if (errno != ENOSYS && errno != EPERM && errno != ENAMETOOLONG) return {};
    return walk(dir_fd, path, flags, made);
  }
  return {};
}

}  // namespace sapdr::core
