// Stats: how big snapshots are, and what they cost.
#pragma once

#include <vector>

#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct StatsResult {
  uint64_t snapshots = 0;
  uint64_t files = 0;
  uint64_t restore_bytes = 0;
  uint64_t blobs = 0;
  uint64_t plain_bytes = 0;
  uint64_t stored_bytes = 0;
  uint64_t repository_bytes = 0;
};

// Needs load_index().
StatsResult stats(Repository& repository, const std::vector<Snapshot>& snapshots,
                  Progress& progress);

}  // namespace sapdr::core
