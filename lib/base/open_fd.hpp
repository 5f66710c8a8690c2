// Opening files and folders. A signal may interrupt that where the filesystem is one of the network
// or of user space.
#pragma once

#include <fcntl.h>

#include "base/fd.hpp"

namespace sapdr::core {

// As open(2): none, with errno set, if it fails.
inline Fd open_fd(const char* path, int flags) {
  return Fd(retry_eintr([&] { return ::open(path, flags); }));
}

// As openat(2).
inline Fd open_fd_at(int folder, const char* name, int flags, mode_t mode = 0) {
  return Fd(retry_eintr([&] { return ::openat(folder, name, flags, mode); }));
}

}  // namespace sapdr::core
