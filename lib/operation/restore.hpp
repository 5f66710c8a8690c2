// Restore: first a plan, then the run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "component/files/patterns.hpp"
#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

enum class Overwrite : int32_t { if_changed = 0, always = 1, if_newer = 2, never = 3 };

struct RestoreOptions {
  Overwrite overwrite = Overwrite::if_changed;
  PatternList includes = {};
  PatternList excludes = {};
  bool verify = false;
  bool owner = true;
  bool sparse = true;
  bool remove_extra = false;  // what is selected, in the target, and not in the snapshot goes
};

struct RestoreStats {
  uint64_t dirs = 0;
  uint64_t files = 0;
  uint64_t others = 0;
  uint64_t files_unchanged = 0;
  uint64_t files_skipped = 0;
  uint64_t items_failed = 0;
  uint64_t items_removed = 0;
  uint64_t bytes = 0;
  uint64_t bytes_fetched = 0;
  uint64_t packs = 0;
  uint64_t bytes_verified = 0;
};

class RestorePlan {
 public:
  // Compares `ref` with the folder `target` (empty: where the files came from) and touches nothing.
  // Tells every item. Damaged trees are told as failed items and counted. Throws Code::not_found if
  // an include matches nothing.
  static std::unique_ptr<RestorePlan> make(RepositoryPtr repository, SnapshotRef ref,
                                           std::string target, RestoreOptions options,
                                           Progress& progress);
  virtual ~RestorePlan() = default;

  virtual const RestoreStats& stats() const = 0;
  virtual const Snapshot& snapshot() const = 0;
  virtual const std::string& target() const = 0;
  // Ids of the packs that the run reads from, each once. Throws Code::invalid_state as run() does.
  virtual std::vector<Id> packs() const = 0;

  // Once. Fills in `result` as far as it gets, then throws: Code::incomplete if an item failed,
  // Code::checksum if verification found a difference, Code::no_space before the first byte if the
  // target is too small.
  virtual void run(RestoreStats& result, Progress& progress) = 0;
};

// The folder that the root of a snapshot's tree came from, so that root + path is where a file was:
// "/" for snapshots of absolute paths. Throws Code::invalid_argument if there is no such folder.
std::string original_root(Repository& repository, const Snapshot& snapshot);

}  // namespace sapdr::core
