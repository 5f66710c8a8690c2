// Checksums of many files, made on all cores and told in the order in which the files were given.
#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "base/id.hpp"
#include "component/files/regular_files.hpp"
#include "observe/progress.hpp"
#include "operation/ahead.hpp"

namespace sapdr::core {

struct FileChecksum {
  Id id;
  uint64_t size = 0;     // bytes that were read
  bool changed = false;  // while it was read
};

// Reads a file to its end on this thread. Throws what opening and reading throw.
FileChecksum checksum_of(const RegularFile& file, Progress& progress);

class ChecksumQueue {
 public:
  struct Outcome {
    RegularFile file;
    FileChecksum checksum;
    std::optional<Error> failure;  // then there is no checksum
  };
  using Told = std::function<void(const Outcome& outcome)>;

  // `told` is called by add() and finish(), on their thread.
  ChecksumQueue(unsigned threads, Progress& progress, Told told);

  void add(RegularFile file);
  void finish();

 private:
  void tell_next();

  Progress& progress_;
  const Told told_;
  std::deque<Ahead<Outcome>> pending_;
  Workers workers_;  // last: its threads use the progress
};

}  // namespace sapdr::core
