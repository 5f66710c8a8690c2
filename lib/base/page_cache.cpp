#include "base/page_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sapdr::core {

namespace {

uint64_t page_size() {
  static const auto size = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

PassingPages::PassingPages(int fd, uint64_t offset, uint64_t size) : fd_(fd) {
  const uint64_t page = page_size();
  const uint64_t begin = offset / page * page;
  const uint64_t length = (offset + size - begin + page - 1) / page * page;
  if (length == 0) return;
  // Nothing is read through it, so that a file that becomes shorter does no harm.
  void* const map = ::mmap(nullptr, length, PROT_NONE, MAP_SHARED, fd, static_cast<off_t>(begin));
  if (map == MAP_FAILED) return;
  std::vector<unsigned char> there(length / page);
  const bool is_told = ::mincore(map, length, there.data()) == 0;
  ::munmap(map, length);
  if (!is_told) return;
  for (size_t i = 0; i < there.size(); ++i) {
    if ((there[i] & 1) != 0) continue;
    const uint64_t at = begin + i * page;
    if (missing_.empty() || missing_.back().end != at) missing_.push_back({at, at});
    missing_.back().end = at + page;
  }
}

void PassingPages::drop() const noexcept {
  for (const Run& run : missing_) {
    ::posix_fadvise(fd_, static_cast<off_t>(run.begin), static_cast<off_t>(run.end - run.begin),
                    POSIX_FADV_DONTNEED);
  }
}

void drop_written(int fd) noexcept {
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace sapdr::core
