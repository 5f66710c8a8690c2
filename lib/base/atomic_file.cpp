#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/open_fd.hpp"
#include "base/page_cache.hpp"
#include "base/random.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view mark = "-tmp-";
using Suffix = std::array<std::byte, 8>;

std::string random_suffix() {
  Suffix bytes;
  random_bytes(bytes);
  return to_hex(bytes);
}

// Gives the file `temporary` its final name unless something has that name. Returns an errno.
int rename_new(int folder, const std::string& temporary, const std::string& name) {
  if (::renameat2(folder, temporary.c_str(), folder, name.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return errno;
  // The filesystem does not know the flag: a hard link never replaces anything, either.
  if (::linkat(folder, temporary.c_str(), folder, name.c_str(), 0) == 0) {
    ::unlinkat(folder, temporary.c_str(), 0);
    return 0;
  }
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS) return errno;
  // No hard links, either (FAT). Who keeps what exists names files after their content, so that the
  // moment between the two calls costs nothing but an identical file.
  if (::faccessat(folder, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return ::renameat(folder, temporary.c_str(), folder, name.c_str()) == 0 ? 0 : errno;
}

}  // namespace

AtomicFile::AtomicFile(int folder, std::string name, std::string path, mode_t mode)
    : folder_(folder),
      name_(std::move(name)),
      path_(std::move(path)),
      temporary_(name_ + std::string(mark) + random_suffix()),
      fd_(open_fd_at(folder, temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)) {
  if (!fd_) throw system_error(errno, "create", path_);
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
}

void AtomicFile::write(ByteView data) {
  while (!data.empty()) {
    const ssize_t n = retry_eintr([&] { return ::write(fd_.get(), data.data(), data.size()); });
    if (n < 0) throw system_error(errno, "write", path_);
    data = data.subspan(static_cast<size_t>(n));
  }
}

void AtomicFile::publish(Existing existing, Durable durable) {
  if (durable == Durable::yes) {
    sync(fd_.get(), path_);
    if (is_to_drop_) drop_written(fd_.get());  // what is not synced could not be dropped
  }
  if (::close(fd_.release()) != 0 && errno != EINTR) throw system_error(errno, "write", path_);
  int error = 0;
  if (existing == Existing::keep) {
    error = rename_new(folder_, temporary_, name_);
  } else if (::renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) throw system_error(error, "store", path_);
  temporary_.clear();
  if (durable == Durable::no) return;
  try {
    sync(folder_, path_);
  } catch (...) {  // what is told as not stored must not be there: a lock would keep others out
    if (existing == Existing::keep) ::unlinkat(folder_, name_.c_str(), 0);
    throw;
  }
}

bool is_temporary_of(std::string_view entry, std::string_view name) {
  if (!entry.starts_with(name)) return false;
  entry.remove_prefix(name.size());
  if (!entry.starts_with(mark)) return false;
  Suffix bytes;
  return from_hex(entry.substr(mark.size()), bytes);
}

void sync(int fd, const std::string& path) {
  if (retry_eintr([&] { return ::fsync(fd); }) == 0) return;
  if (errno != EINVAL && errno != ENOTSUP && errno != ENOSYS) {
    throw system_error(errno, "sync", path);
  }
}

}  // namespace sapdr::core
