// A plan in the making, and made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operation/origin.hpp"
#include "operation/restore.hpp"
#include "operation/restore_items.hpp"

namespace sapdr::core {

// What a restore needs of a filesystem.
struct Volume {
  std::string folder;  // one that is there and lies on it; relative to the target
  uint64_t bytes = 0;  // to be written
  uint64_t freed = 0;  // by what is replaced
};

struct RestorePlanData {
  RepositoryPtr repository;
  SnapshotRef ref;
  std::string target;  // absolute
  RestoreOptions options;
  std::optional<Origin> origin = {};  // in place

  uint64_t index_generation = 0;  // of the numbers in `items`
  RestoreItems items = {};
  std::vector<std::string> extra = {};  // paths of what is to be removed
  std::vector<Volume> volumes = {};
  RestoreStats stats = {};
};

// Throws Code::invalid_state if the numbers of packs mean nothing any more.
void require_same_index(const RestorePlanData& plan);

// Runs it. See RestorePlan::run.
void run_restore(const RestorePlanData& plan, RestoreStats& result, Progress& progress);

}  // namespace sapdr::core
