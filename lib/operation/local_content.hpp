// Reading local files the way a snapshot cuts them, to see whether they are the same.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/id.hpp"
#include "base/workers.hpp"
#include "observe/progress.hpp"

namespace sapdr::core {

struct ExpectedBlob {
  Id id;
  uint32_t length;
};

struct Comparison {
  // Of the first blob that differs; a file that is too short differs at its end.
  std::optional<uint64_t> difference = {};
  std::optional<Error> failure = {};  // it could not be read
  uint64_t bytes_read = 0;
};

// What was not in the page cache before it was read: what was just restored is about to be used.
enum class ReadPages { keep, drop };

// Compares an open file with a list of blobs on the threads of `workers`: a big one is cut into
// parts that are read at the same time. `done` is called once, on one of them. Anything behind the
// last blob is not looked at. May be called from a task of `workers`.
void compare_content(Workers& workers, std::shared_ptr<const Fd> file, std::string path,
                     std::vector<ExpectedBlob> blobs, ReadPages pages, Progress& progress,
                     std::function<void(const Comparison&)> done);

}  // namespace sapdr::core
