/* Journals what a program does to the files below one folder, for power_cut.py.
 *
 * It is preloaded (LD_PRELOAD). STORAGE_JOURNAL names the file to append to and
 * STORAGE_JOURNAL_FOLDER the folder, both absolute and without symbolic links. Each call that
 * succeeds becomes one record, written while no other call is under way, so that the records are
 * in the order in which things happened. A call that may change the folder and is not modelled
 * ends the program with exit code 97 and a line on standard error. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../support/next_definition.h"

#ifndef SYS_listxattrat
#define SYS_listxattrat 465 /* Linux 6.13 */
#endif

enum { UNMODELLED_EXIT_CODE = 97, MAX_FD = 65536 };

/* As power_cut.py reads them. */
enum kind {
  OPEN = 1,
  MAKE_FOLDER,
  WRITE,
  TRUNCATE,
  SYNC,
  SYNC_ALL,
  RENAME,
  LINK,
  REMOVE,
  CLOSE,
  SET_MODE
};

struct record {
  uint32_t kind;
  int32_t fd;
  int64_t number; /* flags of OPEN, offset of WRITE, size of TRUNCATE */
  uint32_t mode;
  uint32_t path_size;
  uint32_t to_size;
  uint32_t data_size;
};

static const char* folder;
static size_t folder_size;
static int journal = -1;
static char tracked[MAX_FD]; /* 1: an open file or folder below the folder */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void stop(const char* what, const char* path) {
  dprintf(STDERR_FILENO, "storage_journal: %s is not modelled and touches %s\n", what, path);
  _exit(UNMODELLED_EXIT_CODE);
}

__attribute__((constructor)) static void start(void) {
  const char* file = getenv("STORAGE_JOURNAL");
  folder = getenv("STORAGE_JOURNAL_FOLDER");
  if (file == NULL || folder == NULL) {
    folder = NULL;
    return;
  }
  folder_size = strlen(folder);
  const long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) stop("a journal that cannot be opened", file);
  /* Out of the way of the numbers that a program is used to. */
  const long high = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
  syscall(SYS_close, fd);
  journal = (int)high;
  if (journal < 0) stop("a journal that cannot be opened", file);
}

static void append(const void* data, size_t size) {
  const char* at = data;
  while (size > 0) {
    NEXT(write)
    const ssize_t n = next(journal, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) stop("a journal that cannot be written", "itself");
    at += n;
    size -= (size_t)n;
  }
}

static void note(struct record record, const char* path, const char* to, const void* data) {
  const int error = errno;
  record.path_size = path == NULL ? 0 : (uint32_t)strlen(path);
  record.to_size = to == NULL ? 0 : (uint32_t)strlen(to);
  append(&record, sizeof record);
  append(path, record.path_size);
  append(to, record.to_size);
  append(data, record.data_size);
  errno = error;
}

static int is_tracked(int fd) {
  return fd >= 0 && fd < MAX_FD && tracked[fd];
}

/* Takes "." and ".." and double slashes out of an absolute path, in place. */
static void normalize(char* path) {
  char* out = path;
  for (char* in = path; *in != '\0';) {
    while (*in == '/') ++in;
    const size_t size = strcspn(in, "/");
    if (size == 2 && in[0] == '.' && in[1] == '.') {
      while (out > path && *--out != '/') continue;
    } else if (size > 0 && !(size == 1 && in[0] == '.')) {
      *out++ = '/';
      memmove(out, in, size);
      out += size;
    }
    in += size;
  }
  *out = '\0';
}

/* Whether a path is the folder or below it; then `out` is its absolute form. */
static int is_below(int base, const char* path, char out[PATH_MAX]) {
  const int error = errno;
  out[0] = '\0';
  if (folder != NULL && path != NULL) {
    char start_of[PATH_MAX] = "";
    if (path[0] != '/') {
      char link[64] = "/proc/self/cwd";
      if (base != AT_FDCWD) snprintf(link, sizeof link, "/proc/self/fd/%d", base);
      const ssize_t n = readlink(link, start_of, sizeof start_of - 1);
      start_of[n < 0 ? 0 : n] = '\0';
    }
    const int size = snprintf(out, PATH_MAX, "%s/%s", start_of, path);
    if (size < 0 || size >= PATH_MAX) out[0] = '\0'; /* longer than any path below the folder */
    normalize(out);
  }
  errno = error;
  return folder != NULL && strncmp(out, folder, folder_size) == 0 &&
         (out[folder_size] == '/' || out[folder_size] == '\0');
}

/* The path of an open file, for messages and for what is not modelled. */
static int is_fd_below(int fd, char out[PATH_MAX]) {
  char link[64];
  const int error = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = folder == NULL ? -1 : readlink(link, out, PATH_MAX - 1);
  out[n < 0 ? 0 : n] = '\0';
  errno = error;
  return n > 0 && is_below(AT_FDCWD, strdupa(out), out);
}

static void require_outside(const char* what, int fd) {
  char path[PATH_MAX];
  if (is_fd_below(fd, path)) stop(what, path);
}

static void require_path_outside(const char* what, int base, const char* given) {
  char path[PATH_MAX];
  if (is_below(base, given, path)) stop(what, path);
}

static int needs_mode(int flags) {
  return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static int open_and_note(int base, const char* given, int flags, mode_t mode) {
  NEXT(openat)
  char path[PATH_MAX];
  const int below = is_below(base, given, path);
  if (below && ((flags & O_TMPFILE) == O_TMPFILE || (flags & O_DSYNC)))
    stop("open with such flags", path);
  if (!below) {
    const int fd = next(base, given, flags, mode);
    if (fd >= 0 && fd < MAX_FD) tracked[fd] = 0;
    return fd;
  }
  pthread_mutex_lock(&mutex);
  const int fd = next(base, given, flags, mode);
  if (fd >= MAX_FD) stop("a descriptor so high", path);
  if (fd >= 0) {
    struct stat st;
    fstat(fd, &st);
    tracked[fd] = 1;
    note((struct record){.kind = OPEN, .fd = fd, .number = flags, .mode = st.st_mode & 07777}, path,
         NULL, NULL);
  }
  pthread_mutex_unlock(&mutex);
  return fd;
}

#define OPTIONAL_MODE(flags, mode) \
  mode_t mode = 0;                 \
  if (needs_mode(flags)) {         \
    va_list list;                  \
    va_start(list, flags);         \
    mode = va_arg(list, mode_t);   \
    va_end(list);                  \
  }

int open(const char* path, int flags, ...) {
  OPTIONAL_MODE(flags, mode)
  return open_and_note(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  OPTIONAL_MODE(flags, mode)
  return open_and_note(AT_FDCWD, path, flags, mode);
}

int openat(int base, const char* path, int flags, ...) {
  OPTIONAL_MODE(flags, mode)
  return open_and_note(base, path, flags, mode);
}

int openat64(int base, const char* path, int flags, ...) {
  OPTIONAL_MODE(flags, mode)
  return open_and_note(base, path, flags, mode);
}

int __open_2(const char* path, int flags) {
  return open_and_note(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char* path, int flags) {
  return open_and_note(AT_FDCWD, path, flags, 0);
}
int __openat_2(int base, const char* path, int flags) {
  return open_and_note(base, path, flags, 0);
}
int __openat64_2(int base, const char* path, int flags) {
  return open_and_note(base, path, flags, 0);
}

int creat(const char* path, mode_t mode) {
  return open_and_note(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat64(const char* path, mode_t mode) {
  return open_and_note(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int mkdirat(int base, const char* given, mode_t mode) {
  NEXT(mkdirat)
  char path[PATH_MAX];
  if (!is_below(base, given, path)) return next(base, given, mode);
  pthread_mutex_lock(&mutex);
  const int result = next(base, given, mode);
  if (result == 0) {
    struct stat st;
    stat(path, &st);
    note((struct record){.kind = MAKE_FOLDER, .mode = st.st_mode & 07777}, path, NULL, NULL);
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

int mkdir(const char* path, mode_t mode) {
  return mkdirat(AT_FDCWD, path, mode);
}

static void note_write(int fd, off_t offset, const void* data, ssize_t size) {
  note((struct record){.kind = WRITE, .fd = fd, .number = offset, .data_size = (uint32_t)size},
       NULL, NULL, data);
}

ssize_t write(int fd, const void* data, size_t size) {
  NEXT(write)
  if (!is_tracked(fd)) return next(fd, data, size);
  pthread_mutex_lock(&mutex);
  const ssize_t n = next(fd, data, size < INT_MAX ? size : INT_MAX);
  if (n > 0) note_write(fd, lseek(fd, 0, SEEK_CUR) - n, data, n);
  pthread_mutex_unlock(&mutex);
  return n;
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  NEXT(pwrite64)
  if (!is_tracked(fd)) return next(fd, data, size, offset);
  pthread_mutex_lock(&mutex);
  const ssize_t n = next(fd, data, size < INT_MAX ? size : INT_MAX, offset);
  if (n > 0) note_write(fd, offset, data, n);
  pthread_mutex_unlock(&mutex);
  return n;
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return pwrite64(fd, data, size, offset);
}

/* One part at a time is what the call may do anyway. */
ssize_t writev(int fd, const struct iovec* parts, int n_parts) {
  NEXT(writev)
  if (!is_tracked(fd)) return next(fd, parts, n_parts);
  for (int i = 0; i < n_parts; ++i) {
    if (parts[i].iov_len > 0) return write(fd, parts[i].iov_base, parts[i].iov_len);
  }
  return 0;
}

int ftruncate64(int fd, off64_t size) {
  NEXT(ftruncate64)
  if (!is_tracked(fd)) return next(fd, size);
  pthread_mutex_lock(&mutex);
  const int result = next(fd, size);
  if (result == 0) note((struct record){.kind = TRUNCATE, .fd = fd, .number = size}, 0, 0, 0);
  pthread_mutex_unlock(&mutex);
  return result;
}

int ftruncate(int fd, off_t size) {
  return ftruncate64(fd, size);
}

int fchmod(int fd, mode_t mode) {
  NEXT(fchmod)
  if (!is_tracked(fd)) return next(fd, mode);
  pthread_mutex_lock(&mutex);
  const int result = next(fd, mode);
  if (result == 0) note((struct record){.kind = SET_MODE, .fd = fd, .mode = mode & 07777}, 0, 0, 0);
  pthread_mutex_unlock(&mutex);
  return result;
}

/* fsync, fdatasync, syncfs */
static int sync_and_note(int (*next)(int), int fd, enum kind kind) {
  if (!is_tracked(fd)) return next(fd);
  pthread_mutex_lock(&mutex);
  const int result = next(fd);
  if (result == 0) note((struct record){.kind = kind, .fd = fd}, 0, 0, 0);
  pthread_mutex_unlock(&mutex);
  return result;
}

int fsync(int fd) {
  NEXT(fsync)
  return sync_and_note(next, fd, SYNC);
}

int fdatasync(int fd) {
  NEXT(fdatasync)
  return sync_and_note(next, fd, SYNC);
}

int syncfs(int fd) {
  NEXT(syncfs)
  return sync_and_note(next, fd, SYNC_ALL);
}

int renameat2(int from_base, const char* from, int to_base, const char* to, unsigned flags) {
  NEXT(renameat2)
  char source[PATH_MAX], target[PATH_MAX];
  const int below = is_below(from_base, from, source);
  if (below != is_below(to_base, to, target)) stop("renaming across the border", source);
  if (!below) return next(from_base, from, to_base, to, flags);
  if (flags & ~(unsigned)RENAME_NOREPLACE) stop("renameat2 with such flags", source);
  pthread_mutex_lock(&mutex);
  const int result = next(from_base, from, to_base, to, flags);
  if (result == 0) note((struct record){.kind = RENAME}, source, target, NULL);
  pthread_mutex_unlock(&mutex);
  return result;
}

int renameat(int from_base, const char* from, int to_base, const char* to) {
  return renameat2(from_base, from, to_base, to, 0);
}

int rename(const char* from, const char* to) {
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_base, const char* from, int to_base, const char* to, int flags) {
  NEXT(linkat)
  char source[PATH_MAX], target[PATH_MAX];
  const int below = is_below(from_base, from, source);
  if (below != is_below(to_base, to, target)) stop("linking across the border", source);
  if (!below) return next(from_base, from, to_base, to, flags);
  pthread_mutex_lock(&mutex);
  const int result = next(from_base, from, to_base, to, flags);
  if (result == 0) note((struct record){.kind = LINK}, source, target, NULL);
  pthread_mutex_unlock(&mutex);
  return result;
}

int link(const char* from, const char* to) {
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int base, const char* given, int flags) {
  NEXT(unlinkat)
  char path[PATH_MAX];
  if (!is_below(base, given, path)) return next(base, given, flags);
  pthread_mutex_lock(&mutex);
  const int result = next(base, given, flags);
  if (result == 0) note((struct record){.kind = REMOVE}, path, NULL, NULL);
  pthread_mutex_unlock(&mutex);
  return result;
}

int unlink(const char* path) {
  return unlinkat(AT_FDCWD, path, 0);
}
int rmdir(const char* path) {
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
int remove(const char* path) {
  const int result = unlink(path);
  return result != 0 && (errno == EISDIR || errno == EPERM) ? rmdir(path) : result;
}

static void note_close(int fd) {
  tracked[fd] = 0;
  note((struct record){.kind = CLOSE, .fd = fd}, NULL, NULL, NULL);
}

int close(int fd) {
  NEXT(close)
  if (!is_tracked(fd)) return next(fd);
  pthread_mutex_lock(&mutex);
  note_close(fd);
  const int result = next(fd);
  pthread_mutex_unlock(&mutex);
  return result;
}

int closedir(DIR* dir) {
  NEXT(closedir)
  const int fd = dirfd(dir);
  if (!is_tracked(fd)) return next(dir);
  pthread_mutex_lock(&mutex);
  note_close(fd);
  const int result = next(dir);
  pthread_mutex_unlock(&mutex);
  return result;
}

/* What follows is not modelled: it must not touch the folder. */

int truncate64(const char* path, off64_t size) {
  NEXT(truncate64)
  require_path_outside("truncate", AT_FDCWD, path);
  return next(path, size);
}

int truncate(const char* path, off_t size) {
  return truncate64(path, size);
}

int symlinkat(const char* content, int base, const char* path) {
  NEXT(symlinkat)
  require_path_outside("symlink", base, path);
  return next(content, base, path);
}

int symlink(const char* content, const char* path) {
  return symlinkat(content, AT_FDCWD, path);
}

int mknodat(int base, const char* path, mode_t mode, dev_t device) {
  NEXT(mknodat)
  require_path_outside("mknod", base, path);
  return next(base, path, mode, device);
}

int fchmodat(int base, const char* path, mode_t mode, int flags) {
  NEXT(fchmodat)
  require_path_outside("chmod", base, path);
  return next(base, path, mode, flags);
}

int chmod(const char* path, mode_t mode) {
  return fchmodat(AT_FDCWD, path, mode, 0);
}

FILE* fopen64(const char* path, const char* mode) {
  NEXT(fopen64)
  require_path_outside("fopen", AT_FDCWD, path);
  return next(path, mode);
}

FILE* fopen(const char* path, const char* mode) {
  return fopen64(path, mode);
}

FILE* fdopen(int fd, const char* mode) {
  NEXT(fdopen)
  require_outside("fdopen", fd);
  return next(fd, mode);
}

int mkostemps(char* path, int suffix, int flags) {
  NEXT(mkostemps)
  require_path_outside("mkstemp", AT_FDCWD, path);
  return next(path, suffix, flags);
}

int mkostemp(char* path, int flags) {
  return mkostemps(path, 0, flags);
}
int mkstemp(char* path) {
  return mkostemps(path, 0, 0);
}
int mkstemp64(char* path) {
  return mkostemps(path, 0, 0);
}

void* mmap64(void* at, size_t size, int protection, int flags, int fd, off64_t offset) {
  NEXT(mmap64)
  if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && fd >= 0) require_outside("mmap", fd);
  return next(at, size, protection, flags, fd, offset);
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  return mmap64(at, size, protection, flags, fd, offset);
}

ssize_t sendfile64(int to, int from, off64_t* offset, size_t size) {
  NEXT(sendfile64)
  require_outside("sendfile", to);
  return next(to, from, offset, size);
}

ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
  return sendfile64(to, from, offset, size);
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size,
                        unsigned flags) {
  NEXT(copy_file_range)
  require_outside("copy_file_range", to);
  return next(from, from_offset, to, to_offset, size, flags);
}

ssize_t splice(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size,
               unsigned flags) {
  NEXT(splice)
  require_outside("splice", to);
  return next(from, from_offset, to, to_offset, size, flags);
}

ssize_t pwritev64v2(int fd, const struct iovec* parts, int n_parts, off64_t offset, int flags) {
  NEXT(pwritev64v2)
  require_outside("pwritev2", fd);
  return next(fd, parts, n_parts, offset, flags);
}

ssize_t pwritev2(int fd, const struct iovec* parts, int n_parts, off_t offset, int flags) {
  return pwritev64v2(fd, parts, n_parts, offset, flags);
}

ssize_t pwritev64(int fd, const struct iovec* parts, int n_parts, off64_t offset) {
  NEXT(pwritev64)
  require_outside("pwritev", fd);
  return next(fd, parts, n_parts, offset);
}

ssize_t pwritev(int fd, const struct iovec* parts, int n_parts, off_t offset) {
  return pwritev64(fd, parts, n_parts, offset);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  NEXT(fallocate64)
  require_outside("fallocate", fd);
  return next(fd, mode, offset, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  return fallocate64(fd, mode, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  NEXT(posix_fallocate64)
  require_outside("posix_fallocate", fd);
  return next(fd, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  return posix_fallocate64(fd, offset, size);
}

int dup(int fd) {
  NEXT(dup)
  require_outside("dup", fd);
  return next(fd);
}

int dup3(int fd, int to, int flags) {
  NEXT(dup3)
  require_outside("dup3", fd);
  require_outside("dup3", to);
  return next(fd, to, flags);
}

int dup2(int fd, int to) {
  NEXT(dup2)
  require_outside("dup2", fd);
  require_outside("dup2", to);
  return next(fd, to);
}

static int duplicates(int command) {
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

int fcntl64(int fd, int command, ...) {
  NEXT(fcntl64)
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  if (duplicates(command)) require_outside("fcntl", fd);
  return next(fd, command, argument);
}

int fcntl(int fd, int command, ...) {
  NEXT(fcntl64)
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  if (duplicates(command)) require_outside("fcntl", fd);
  return next(fd, command, argument);
}

/* Cloning a file into another one. */
int ioctl(int fd, unsigned long request, ...) {
  NEXT(ioctl)
  va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  require_outside("ioctl", fd);
  return next(fd, request, argument);
}

/* Calls that a program makes past libc. Some that only read are known. */
static int only_reads(long number) {
  switch (number) {
    case SYS_futex:
    case SYS_getpid:
    case SYS_gettid:
    case SYS_getrandom:
    case SYS_listxattrat:
    case SYS_openat2: /* judged by its result */
      return 1;
    default:
      return 0;
  }
}

long syscall(long number, ...) {
  NEXT(syscall)
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  if (journal >= 0 && !only_reads(number)) {
    char name[64];
    snprintf(name, sizeof name, "system call %ld past libc", number);
    stop(name, "perhaps the folder");
  }
  const long result = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (number == SYS_openat2 && result >= 0) {
    require_outside("openat2", (int)result);
    if (result < MAX_FD) tracked[result] = 0;
  }
  return result;
}
