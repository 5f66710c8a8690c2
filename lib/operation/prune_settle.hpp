// The part of a prune that needs to be alone: what is not needed leaves the index, what left it
// long enough ago leaves the storage.
#pragma once

#include <chrono>
#include <unordered_set>
#include <vector>

#include "operation/prune.hpp"
#include "operation/prune_usage.hpp"
#include "repository/lock.hpp"

namespace sapdr::core {

struct StoredPack {
  Id id;
  uint64_t size = 0;
};

struct PruneWork {
  std::unordered_set<Id, IdHash> remove;  // packs that the index names and nothing needs
  std::vector<StoredPack> unreferenced;   // packs that no index named
  std::vector<Id> forget;                 // snapshots
};

class PruneSettle {
 public:
  PruneSettle(Repository& repository, PruneUsage& usage, PruneWork work,
              std::chrono::nanoseconds grace);

  // Takes the exclusive lock. In this order, so that a crash at any point costs nothing: snapshots
  // away, new index files, old index files away, packs away.
  void run(PruneStats& result, Progress& progress);

  // Whether the time of a mark is over. One from the future never is: a clock is wrong.
  static bool is_due(const MarkedPack& marked, const Context& context,
                     std::chrono::nanoseconds grace);
  // When the time of a mark is over.
  static UnixNs due(UnixNs marked, std::chrono::nanoseconds grace);

 private:
  void go_on(Progress& progress) const;  // before each removal; throws if it must not
  void remove_snapshots(PruneStats& result, Progress& progress);
  void keep_needed();
  void list_storage();
  void rewrite_index();
  std::vector<Id> files_to_rewrite() const;
  void mark_or_remove(IndexedPack pack, UnixNs time);
  void remove_packs(PruneStats& result, Progress& progress);

  Repository& repository_;
  PruneUsage& usage_;
  PruneWork work_;
  const std::chrono::nanoseconds grace_;
  const RepositoryLock* lock_ = nullptr;
  std::unordered_map<Id, uint64_t, IdHash> stored_;
  std::unordered_set<Id, IdHash> judged_;  // packs of which is known whether they are marked or go
  std::vector<MarkedPack> marks_;          // that stay
  std::vector<MarkedPack> doomed_;         // whose packs go now
  UnixNs marked_at_ = 0;                   // by this run
  uint64_t n_marked_ = 0;
  uint64_t bytes_marked_ = 0;
};

}  // namespace sapdr::core
