// Reading and writing much without pushing out of the page cache what others need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sapdr::core {

// A part of a file that is about to be read, and which of its pages are in the page cache.
class PassingPages {
 public:
  PassingPages() = default;  // nothing
  // Looks now. `fd` must stay open until drop(). Where the system does not tell (it does only of
  // files that this process owns or may write), everything counts as being there.
  PassingPages(int fd, uint64_t offset, uint64_t size);

  // Drops the pages that were not there, once they were read. What somebody else has mapped, or
  // changed, stays.
  void drop() const noexcept;

  // Takes in what comes behind it in the same file: what the system keeps as one piece, it drops as
  // one.
  void append(const PassingPages& next);

 private:
  struct Run {
    uint64_t begin;
    uint64_t end;
  };
  void add(const Run& run);

  int fd_ = -1;
  std::vector<Run> missing_;  // whole pages
};

// Drops a file that was written and synced.
void drop_written(int fd) noexcept;

}  // namespace sapdr::core
