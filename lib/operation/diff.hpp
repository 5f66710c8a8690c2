// Diff: what changed from one snapshot to another.
#pragma once

#include <sapdr/diff.h>

#include <functional>
#include <string>

#include "format/tree.hpp"
#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct DiffOptions {
  bool metadata = false;
  bool count_blobs = true;
};

// What is in one snapshot only.
struct DiffSide {
  uint64_t files = 0;
  uint64_t dirs = 0;
  uint64_t others = 0;
  uint64_t data_blobs = 0;
  uint64_t tree_blobs = 0;
  uint64_t bytes = 0;  // plaintext of the blobs
};

struct DiffResult {
  Id before;  // of the snapshots
  Id after;
  DiffSide added;
  DiffSide removed;
  uint64_t files_changed = 0;
  uint64_t failed = 0;
};

struct Difference {
  uint32_t change;  // SAPDR_DIFF_*
  const std::string& path;
  const Node* before;  // null: added
  const Node* after;   // null: removed
};

// Calls `each`, on this thread, for every difference. Needs load_index(). Fills in `result` as far
// as it gets, then throws Code::incomplete if a tree could not be read.
void diff(Repository& repository, const SnapshotRef& before, const SnapshotRef& after,
          const DiffOptions& options, const std::function<void(const Difference&)>& each,
          DiffResult& result, Progress& progress);

}  // namespace sapdr::core
