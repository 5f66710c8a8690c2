/* The calls on files that the library makes, each of which can be made to fail. They are those that
 * `nm -D --undefined-only libsapdr.so` shows. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "faults.h"
#include "support/next_definition.h"

enum {
  FILE_ = CALLS_FILE,
  OPEN = CALLS_FILE | CALLS_OPEN,
  MAKE = CALLS_FILE | CALLS_OPEN | CALLS_GROW,
  GROW = CALLS_FILE | CALLS_GROW,
  SYNC = CALLS_FILE | CALLS_GROW | CALLS_INTERRUPTIBLE
};

static int is_due(uint32_t calls, const char* name) {
  int error = 0;
  if (!fault_is_due(calls, name, &error)) return 0;
  errno = error;
  return 1;
}

#define CALL(calls, type, failure, name, parameters, arguments) \
  type name parameters {                                        \
    NEXT(name)                                                  \
    if (is_due(calls, #name)) return failure;                   \
    return next arguments;                                      \
  }

CALL(OPEN, int, -1, faccessat, (int fd, const char* path, int mode, int flags),
     (fd, path, mode, flags))
CALL(OPEN, int, -1, fchmodat, (int fd, const char* path, mode_t mode, int flags),
     (fd, path, mode, flags))
CALL(OPEN, int, -1, fchownat, (int fd, const char* path, uid_t uid, gid_t gid, int flags),
     (fd, path, uid, gid, flags))
CALL(OPEN, int, -1, fstatat64, (int fd, const char* path, struct stat64* st, int flags),
     (fd, path, st, flags))
CALL(OPEN, int, -1, stat64, (const char* path, struct stat64* st), (path, st))
CALL(OPEN, int, -1, unlink, (const char* path), (path))
CALL(OPEN, int, -1, unlinkat, (int fd, const char* path, int flags), (fd, path, flags))
CALL(OPEN, int, -1, utimensat,
     (int fd, const char* path, const struct timespec times[2], int flags),
     (fd, path, times, flags))
CALL(OPEN, ssize_t, -1, readlink, (const char* path, char* to, size_t size), (path, to, size))
CALL(OPEN, ssize_t, -1, readlinkat, (int fd, const char* path, char* to, size_t size),
     (fd, path, to, size))
CALL(OPEN, ssize_t, -1, lgetxattr, (const char* path, const char* name, void* to, size_t size),
     (path, name, to, size))
CALL(OPEN, ssize_t, -1, llistxattr, (const char* path, char* to, size_t size), (path, to, size))
CALL(OPEN, int, -1, lremovexattr, (const char* path, const char* name), (path, name))

CALL(MAKE, int, -1, linkat, (int from, const char* path, int to, const char* name, int flags),
     (from, path, to, name, flags))
CALL(MAKE, int, -1, mkdir, (const char* path, mode_t mode), (path, mode))
CALL(MAKE, int, -1, mkdirat, (int fd, const char* path, mode_t mode), (fd, path, mode))
CALL(MAKE, int, -1, mknodat, (int fd, const char* path, mode_t mode, dev_t device),
     (fd, path, mode, device))
CALL(MAKE, int, -1, renameat, (int from, const char* path, int to, const char* name),
     (from, path, to, name))
CALL(MAKE, int, -1, renameat2,
     (int from, const char* path, int to, const char* name, unsigned flags),
     (from, path, to, name, flags))
CALL(MAKE, int, -1, symlinkat, (const char* target, int fd, const char* path), (target, fd, path))
CALL(MAKE, int, -1, lsetxattr,
     (const char* path, const char* name, const void* value, size_t size, int flags),
     (path, name, value, size, flags))

CALL(FILE_, int, -1, dup, (int fd), (fd))
CALL(FILE_, DIR*, NULL, fdopendir, (int fd), (fd))
CALL(FILE_, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(FILE_, int, -1, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
CALL(FILE_, ssize_t, -1, fgetxattr, (int fd, const char* name, void* to, size_t size),
     (fd, name, to, size))
CALL(FILE_, ssize_t, -1, flistxattr, (int fd, char* to, size_t size), (fd, to, size))
CALL(FILE_, int, -1, fremovexattr, (int fd, const char* name), (fd, name))
CALL(FILE_, int, -1, fstat64, (int fd, struct stat64* st), (fd, st))
CALL(FILE_, int, -1, fstatvfs64, (int fd, struct statvfs64* st), (fd, st))
CALL(FILE_, int, -1, futimens, (int fd, const struct timespec times[2]), (fd, times))
CALL(FILE_, off64_t, -1, lseek64, (int fd, off64_t offset, int whence), (fd, offset, whence))
CALL(FILE_, struct dirent64*, NULL, readdir64, (DIR * dir), (dir))

CALL(GROW, int, -1, fsetxattr,
     (int fd, const char* name, const void* value, size_t size, int flags),
     (fd, name, value, size, flags))
CALL(GROW | CALLS_INTERRUPTIBLE, int, -1, fallocate64,
     (int fd, int mode, off64_t offset, off64_t size), (fd, mode, offset, size))
CALL(GROW | CALLS_INTERRUPTIBLE, int, -1, ftruncate64, (int fd, off64_t size), (fd, size))

/* Nothing is synced: what a power cut leaves is the matter of tests/interop/power_cut.py. */
int fsync(int fd) {
  (void)fd;
  return is_due(SYNC, "fsync") ? -1 : 0;
}

int syncfs(int fd) {
  (void)fd;
  return is_due(SYNC, "syncfs") ? -1 : 0;
}

/* Linux closes the file, whatever it says then. */
int close(int fd) {
  NEXT(close)
  const int result = next(fd);
  return is_due(FILE_, "close") ? -1 : result;
}

/* What an open may fail with depends on whether it makes a file. */
static uint32_t calls_of_open(int flags) {
  return ((flags & O_CREAT) != 0 ? MAKE : OPEN) | CALLS_INTERRUPTIBLE;
}

int open64(const char* path, int flags, ...) {
  NEXT(open64)
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return is_due(calls_of_open(flags), "open") ? -1 : next(path, flags, mode);
}

int openat64(int fd, const char* path, int flags, ...) {
  NEXT(openat64)
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return is_due(calls_of_open(flags), "openat") ? -1 : next(fd, path, flags, mode);
}

/* openat2 has no other name. */
long syscall(long number, ...) {
  NEXT(syscall)
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; ++i) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_openat2 && is_due(OPEN | CALLS_INTERRUPTIBLE, "openat2")) return -1;
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Reads and writes may fail, or move less than was asked for. */
#define TRANSFER(calls, name, parameters, arguments, size)                                  \
  ssize_t name parameters {                                                                 \
    NEXT(name)                                                                              \
    int error = 0;                                                                          \
    const uint32_t kinds = (calls) | CALLS_INTERRUPTIBLE | (size > 1 ? CALLS_TRANSFER : 0); \
    if (fault_is_due(kinds, #name, &error)) {                                               \
      if (error != 0) {                                                                     \
        errno = error;                                                                      \
        return -1;                                                                          \
      }                                                                                     \
      size = (size + 1) / 2;                                                                \
    }                                                                                       \
    return next arguments;                                                                  \
  }

TRANSFER(FILE_, read, (int fd, void* to, size_t size), (fd, to, size), size)
TRANSFER(FILE_, pread64, (int fd, void* to, size_t size, off64_t at), (fd, to, size, at), size)
TRANSFER(GROW, write, (int fd, const void* from, size_t size), (fd, from, size), size)
TRANSFER(GROW, pwrite64, (int fd, const void* from, size_t size, off64_t at), (fd, from, size, at),
         size)
