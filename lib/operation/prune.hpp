// Prune: what no snapshot needs goes away.
//
// While backups go on (shared lock): find what is needed, and move it out of packs that hold much
// that is not. Then, alone (exclusive lock) and for a short time: remove snapshots that shall be
// forgotten, look whether those that came meanwhile need something of what shall go, and take the
// rest out of the index. A pack that left
// the index is marked, and removed from storage by a prune that comes at least the grace period
// later: whoever wrote with a lock that was lost has left a trace until then.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>

#include "observe/progress.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// How much that is not needed may stay in packs that are needed.
class MaxUnused {
 public:
  // "5%" of what is needed, "10G", "unlimited". Throws Code::invalid_argument.
  explicit MaxUnused(std::string_view text);
  uint64_t of(uint64_t used_bytes) const;

 private:
  double share_ = 0;
  uint64_t bytes_ = 0;
};

struct PruneOptions {
  MaxUnused max_unused{"5%"};
  uint64_t max_repack_size = UINT64_MAX;  // bytes of the packs that are repacked
  std::chrono::nanoseconds grace = std::chrono::hours(24);
  bool repack_small = false;                 // also packs that are far smaller than they should be
  std::unordered_set<Id, IdHash> without{};  // as if these snapshots were gone
  bool forget = false;                       // those that are not are removed by the run
};

// Of a plan: what it will do; of a run: what it did. Bytes are those of stored packs and blobs.
struct PruneStats {
  uint64_t snapshots = 0;
  uint64_t blobs_used = 0;
  uint64_t bytes_used = 0;
  uint64_t blobs_unused = 0;
  uint64_t bytes_unused = 0;
  uint64_t blobs_duplicate = 0;
  uint64_t bytes_duplicate = 0;
  uint64_t packs_total = 0;  // in storage
  uint64_t bytes_total = 0;
  uint64_t packs_repacked = 0;
  uint64_t bytes_repacked = 0;  // that are moved to new packs
  uint64_t packs_marked = 0;    // leave the index, or were never in it, and wait for their removal
  uint64_t bytes_marked = 0;
  uint64_t packs_waiting = 0;  // marked before and not due yet
  uint64_t bytes_waiting = 0;
  UnixNs due = 0;  // when the grace of the last of the marked and waiting ones is over; 0: of none
  uint64_t packs_removed = 0;  // from storage
  uint64_t bytes_removed = 0;
  uint64_t bytes_unused_after = 0;  // stay in packs that are needed
  uint64_t snapshots_removed = 0;
};

class PrunePlan {
 public:
  // Holds a shared lock until it ends or its run is at the part that needs to be alone. Throws
  // Code::corrupt if anything that a snapshot needs is not there: nothing is removed from a damaged
  // repository.
  static std::unique_ptr<PrunePlan> make(RepositoryPtr repository, const PruneOptions& options,
                                         Progress& progress);
  virtual ~PrunePlan() = default;

  virtual const PruneStats& stats() const = 0;

  // Once. Throws Code::locked if others do not let it be alone: what was moved stays moved, and the
  // next prune goes on from there. Code::invalid_state if it was planned without snapshots that are
  // there.
  virtual void run(PruneStats& result, Progress& progress) = 0;
};

}  // namespace sapdr::core
