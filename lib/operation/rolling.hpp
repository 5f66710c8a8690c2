// Rolling verification: what was proven longest ago is read first, and what was proven is
// remembered.
#pragma once

#include <mutex>
#include <unordered_map>
#include <vector>

#include "operation/check.hpp"
#include "operation/subset.hpp"
#include "repository/verified.hpp"

namespace sapdr::core {

class Rolling {
 public:
  // `stored`: when each pack was stored, if the storage tells.
  Rolling(Repository& repository, std::unordered_map<Id, UnixNs, IdHash> stored);

  // Those that are due, the longest unproven first; not more than the budget of bytes, but one.
  std::vector<Subset::Pack> choose(std::vector<Subset::Pack> packs,
                                   const CheckOptions& options) const;

  // Any thread.
  void proven(const Id& pack);
  void damaged(const Id& pack);
  void affected(const Id& snapshot) { record_.damaged_snapshots.push_back(snapshot); }

  // Records the run. If every pack is proven, so are the snapshots, as of the oldest proof. Fills
  // in what is left unproven.
  void finish(const std::vector<Id>& packs, const std::vector<Id>& snapshots, CheckResult& result);

 private:
  UnixNs last_proof(const Id& pack) const;  // 0: none
  void store(const std::vector<Id>& packs, const std::vector<Id>& snapshots);

  Repository& repository_;
  const std::unordered_map<Id, UnixNs, IdHash> stored_;
  const UnixNs now_;
  VerifiedTimes times_;
  std::mutex mutex_;
  VerifiedRecord record_;
};

}  // namespace sapdr::core
