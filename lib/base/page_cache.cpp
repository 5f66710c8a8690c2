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

// A page each, whose lowest bit says whether it is there; nothing if the system does not tell.
std::vector<unsigned char> look(void* map, uint64_t length) {
  std::vector<unsigned char> there(length / page_size());
  if (::mincore(map, length, there.data()) != 0) there.clear();
  return there;
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
  const std::vector<unsigned char> there = look(map, length);
  ::munmap(map, length);
  for (size_t i = 0; i < there.size(); ++i) {
    if ((there[i] & 1) == 0) add({begin + i * page, begin + (i + 1) * page});
  }
}

void PassingPages::add(const Run& run) {
  if (!missing_.empty() && missing_.back().end >= run.begin) {
    missing_.back().end = run.end;
  } else {
    missing_.push_back(run);
  }
}

void PassingPages::append(const PassingPages& next) {
  fd_ = next.fd_;
  for (const Run& run : next.missing_) add(run);
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
