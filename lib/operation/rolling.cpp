#include "operation/rolling.hpp"

#include <algorithm>
#include <utility>

namespace sapdr::core {

Rolling::Rolling(Repository& repository, std::unordered_map<Id, UnixNs, IdHash> stored)
    : repository_(repository),
      stored_(std::move(stored)),
      now_(repository.context().now()),
      times_(load_verified(repository)) {
  record_.time = now_;
}

UnixNs Rolling::last_proof(const Id& pack) const {
  const auto at = times_.packs.find(pack);
  return at == times_.packs.end() ? 0 : at->second;
}

std::vector<Subset::Pack> Rolling::choose(std::vector<Subset::Pack> packs,
                                          const CheckOptions& options) const {
  if (options.max_age.count() > 0) {
    std::erase_if(packs, [&](const Subset::Pack& pack) {
      return now_ - last_proof(pack.id) <= options.max_age.count();
    });
  }
  std::ranges::sort(
      packs, {}, [&](const Subset::Pack& pack) { return std::pair(last_proof(pack.id), pack.id); });
  if (options.budget_bytes == 0) return packs;
  uint64_t total = 0;
  const auto end = std::ranges::find_if(packs, [&](const Subset::Pack& pack) {
    total += pack.size;
    return total > options.budget_bytes;
  });
  // At least one, or a small budget would prove nothing for ever.
  const auto n = std::max<size_t>(1, static_cast<size_t>(end - packs.begin()));
  packs.resize(std::min(packs.size(), n));
  return packs;
}

void Rolling::proven(const Id& pack) {
  const std::lock_guard lock(mutex_);
  record_.packs.push_back(pack);
}

void Rolling::damaged(const Id& pack) {
  const std::lock_guard lock(mutex_);
  record_.damaged_packs.push_back(pack);
}

void Rolling::finish(const std::vector<Id>& packs, const std::vector<Id>& snapshots,
                     CheckResult& result) {
  for (const Id& pack : record_.packs) times_.packs[pack] = now_;
  for (const Id& pack : record_.damaged_packs) times_.packs.erase(pack);
  for (const Id& pack : packs) {
    UnixNs last = last_proof(pack);
    if (last == 0) {
      ++result.packs_never_verified;
      const auto stored = stored_.find(pack);
      last = stored == stored_.end() || stored->second == 0 ? now_ : stored->second;
    }
    result.oldest_unverified =
        std::max(result.oldest_unverified, std::chrono::nanoseconds(now_ - last));
  }
  // Without locks nothing may be written: the storage may be read-only.
  if (repository_.settings().use_locks) store(packs, snapshots);
}

void Rolling::store(const std::vector<Id>& packs, const std::vector<Id>& snapshots) {
  std::vector<VerifiedRecord> records;
  const bool has_news = !record_.packs.empty() || !record_.damaged_packs.empty() ||
                        !record_.damaged_snapshots.empty();
  if (has_news) records.push_back(record_);
  const bool is_all_proven =
      std::ranges::all_of(packs, [&](const Id& pack) { return times_.packs.contains(pack); });
  if (has_news && is_all_proven && record_.damaged_snapshots.empty()) {
    VerifiedRecord whole;
    whole.time = now_;
    for (const Id& pack : packs) whole.time = std::min(whole.time, times_.packs.at(pack));
    whole.snapshots = snapshots;
    records.push_back(std::move(whole));
  }
  if (!records.empty()) save_verified(repository_, records);
}

}  // namespace sapdr::core
