// Verify: are local files what a snapshot says?
#pragma once

#include <string>

#include "component/files/patterns.hpp"
#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct VerifyOptions {
  PatternList includes = {};
  PatternList excludes = {};
  bool strict = false;
};

struct VerifyResult {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t matching = 0;
  uint64_t missing = 0;
  uint64_t differing = 0;
  uint64_t metadata = 0;
  uint64_t extra = 0;
  uint64_t failed = 0;
};

// `target` empty: where the files came from. Fills in `result` as far as it gets, then throws:
// Code::checksum if something is missing or differs, Code::incomplete if something could not be
// read.
void verify(Repository& repository, const SnapshotRef& ref, std::string target,
            const VerifyOptions& options, VerifyResult& result, Progress& progress);

}  // namespace sapdr::core
