#include "operation/prune.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "operation/amount.hpp"
#include "operation/prune_settle.hpp"
#include "operation/prune_usage.hpp"
#include "repository/blob_fetcher.hpp"
#include "repository/blob_writer.hpp"
#include "repository/lock.hpp"
#include "repository/pack_reader.hpp"

namespace sapdr::core {

namespace {

class Plan final : public PrunePlan {
 public:
  Plan(RepositoryPtr repository, const PruneOptions& options, Progress& progress)
      : repository_(std::move(repository)),
        anew_(*repository_),
        options_(options),
        left_to_repack_(options.max_repack_size),
        lock_(std::make_unique<RepositoryLock>(*repository_, LockMode::shared, progress,
                                               LockTiming{}, Settle::before_changes)) {
    repository_->load_index(progress);
    generation_ = repository_->index().generation();
    usage_.emplace(*repository_, options_.without);
    make(progress);
  }

  const PruneStats& stats() const override { return stats_; }
  void run(PruneStats& result, Progress& progress) override;

 private:
  void make(Progress& progress);
  std::vector<bool> right_packs();
  void require_whole(const std::vector<bool>& is_right) const;
  void sort_out(const std::vector<bool>& is_right);
  void choose_repacks(const std::vector<uint32_t>& mixed, std::vector<uint32_t> candidates);
  void choose_small(const std::vector<uint32_t>& candidates);
  bool is_small(uint32_t pack) const;
  uint64_t size_of(uint32_t pack) const;
  void count_marks();
  std::vector<Id> snapshots_to_forget() const;
  void require_runnable() const;
  void require_may_erase() const;
  void repack(const RepositoryLock& lock, Progress& progress);

  RepositoryPtr repository_;
  const Repository::ReadAnew anew_;
  const PruneOptions options_;
  uint64_t left_to_repack_;  // of max_repack_size
  std::unique_ptr<RepositoryLock> lock_;
  uint64_t generation_ = 0;
  std::optional<PruneUsage> usage_;
  std::unordered_map<Id, uint64_t, IdHash> stored_;  // packs in storage and their sizes
  std::vector<uint32_t> repack_;                     // by number
  PruneWork work_;
  PruneStats stats_;
  UnixNs waiting_due_ = 0;  // as PruneStats::due, of those that wait already
};

void Plan::make(Progress& progress) {
  progress.phase(SAPDR_PHASE_PREPARE);
  usage_->add_snapshots(progress);
  repository_->backend().list(FileType::pack, [&](const ObjectInfo& pack) {
    if (const auto id = Id::parse(pack.name)) stored_.emplace(*id, pack.size);
  });
  stats_.snapshots = usage_->n_snapshots();
  stats_.packs_total = stored_.size();
  for (const auto& [id, size] : stored_) stats_.bytes_total += size;
  const std::vector<bool> is_right = right_packs();
  usage_->count(is_right, progress);
  require_whole(is_right);
  sort_out(is_right);
  count_marks();
}

// Those that are in storage with the size that the index says.
std::vector<bool> Plan::right_packs() {
  const BlobIndex& index = repository_->index();
  std::vector<bool> is_right(index.n_packs());
  for (uint32_t pack = 0; pack < is_right.size(); ++pack) {
    const auto stored = stored_.find(index.pack_id(pack));
    is_right[pack] =
        stored != stored_.end() && stored->second == expected_pack_size(index.blobs_in(pack));
  }
  return is_right;
}

void Plan::require_whole(const std::vector<bool>& is_right) const {
  for (uint32_t pack = 0; pack < is_right.size(); ++pack) {
    if (is_right[pack] || usage_->packs()[pack].used_blobs == 0) continue;
    throw Error(Code::corrupt, "pack " + repository_->index().pack_id(pack).hex() +
                                   " is missing or has the wrong size, and snapshots need it; "
                                   "check and repair the repository before it is pruned")
        .with("pack", repository_->index().pack_id(pack).hex());
  }
}

bool Plan::is_small(uint32_t pack) const {
  return size_of(pack) < repository_->settings().pack_size / 5 * 4;
}

uint64_t Plan::size_of(uint32_t pack) const {
  return usage_->packs()[pack].used_bytes + usage_->packs()[pack].unused_bytes;
}

void Plan::sort_out(const std::vector<bool>& is_right) {
  const BlobIndex& index = repository_->index();
  std::vector<uint32_t> mixed;  // only old programs wrote such
  std::vector<uint32_t> candidates;
  std::vector<uint32_t> small[2];  // by BlobType
  std::unordered_set<Id, IdHash> named;
  for (uint32_t pack = 0; pack < is_right.size(); ++pack) {
    const PackUsage& usage = usage_->packs()[pack];
    named.insert(index.pack_id(pack));
    stats_.blobs_used += usage.used_blobs;
    stats_.bytes_used += usage.used_bytes;
    stats_.blobs_unused += usage.unused_blobs;
    stats_.bytes_unused += usage.unused_bytes;
    if (usage.used_blobs == 0) {
      work_.remove.insert(index.pack_id(pack));
    } else if (usage.is_mixed) {
      mixed.push_back(pack);
    } else if (usage.unused_blobs > 0) {
      candidates.push_back(pack);
    } else if (options_.repack_small && is_small(pack)) {
      small[static_cast<size_t>(index.blobs_in(pack).front().type)].push_back(pack);
    }
  }
  stats_.blobs_duplicate = usage_->duplicate_blobs();
  stats_.bytes_duplicate = usage_->duplicate_bytes();
  stats_.blobs_unused -= stats_.blobs_duplicate;
  stats_.bytes_unused -= stats_.bytes_duplicate;
  choose_repacks(mixed, std::move(candidates));
  for (const std::vector<uint32_t>& packs : small) choose_small(packs);
  for (const uint32_t pack : repack_) work_.remove.insert(index.pack_id(pack));
  for (const auto& [id, file] : repository_->index_files().files()) {
    for (const MarkedPack& marked : file.marked) named.insert(marked.pack.id);
  }
  for (const auto& [id, size] : stored_) {
    if (!named.contains(id)) work_.unreferenced.push_back({id, size});
  }
}

// The emptiest packs first, until little enough is left or enough is to be moved.
void Plan::choose_repacks(const std::vector<uint32_t>& mixed, std::vector<uint32_t> candidates) {
  const std::vector<PackUsage>& packs = usage_->packs();
  uint64_t unused = 0;
  for (const uint32_t pack : mixed) unused += packs[pack].unused_bytes;
  for (const uint32_t pack : candidates) unused += packs[pack].unused_bytes;
  const auto take = [&](uint32_t pack) {
    if (size_of(pack) > left_to_repack_) return;
    left_to_repack_ -= size_of(pack);
    unused -= packs[pack].unused_bytes;
    repack_.push_back(pack);
  };
  for (const uint32_t pack : mixed) take(pack);
  std::sort(candidates.begin(), candidates.end(), [&](uint32_t a, uint32_t b) {
    const auto emptiness = [&](uint32_t pack) {
      return static_cast<double>(packs[pack].unused_bytes) /
             static_cast<double>(packs[pack].used_bytes);
    };
    return std::pair(-emptiness(a), a) < std::pair(-emptiness(b), b);
  });
  const uint64_t limit = options_.max_unused.of(stats_.bytes_used);
  for (const uint32_t pack : candidates) {
    if (unused <= limit) break;
    take(pack);
  }
  stats_.bytes_unused_after = unused;
}

void Plan::choose_small(const std::vector<uint32_t>& candidates) {
  std::vector<uint32_t> chosen;
  for (const uint32_t pack : candidates) {
    if (size_of(pack) > left_to_repack_) continue;
    left_to_repack_ -= size_of(pack);
    chosen.push_back(pack);
  }
  // One alone would only become another small one.
  if (chosen.size() > 1) repack_.insert(repack_.end(), chosen.begin(), chosen.end());
}

void Plan::count_marks() {
  for (const uint32_t pack : repack_) {
    ++stats_.packs_repacked;
    stats_.bytes_repacked += usage_->packs()[pack].used_bytes;
  }
  const auto count_new = [&](uint64_t size) {
    const bool is_now = options_.grace.count() == 0;
    ++(is_now ? stats_.packs_removed : stats_.packs_marked);
    (is_now ? stats_.bytes_removed : stats_.bytes_marked) += size;
  };
  for (const Id& id : work_.remove) {
    // One that is missing already only leaves the index.
    if (const auto stored = stored_.find(id); stored != stored_.end()) count_new(stored->second);
  }
  for (const StoredPack& pack : work_.unreferenced) count_new(pack.size);
  std::unordered_set<Id, IdHash> counted;  // a killed prune leaves the same mark in two files
  for (const auto& [id, file] : repository_->index_files().files()) {
    for (const MarkedPack& marked : file.marked) {
      const auto stored = stored_.find(marked.pack.id);
      const bool is_named = repository_->index().pack_number(marked.pack.id).has_value();
      if (is_named || stored == stored_.end() || !counted.insert(marked.pack.id).second) continue;
      const bool is_due = PruneSettle::is_due(marked, repository_->context(), options_.grace);
      ++(is_due ? stats_.packs_removed : stats_.packs_waiting);
      (is_due ? stats_.bytes_removed : stats_.bytes_waiting) += stored->second;
      if (is_due) continue;
      waiting_due_ = std::max(waiting_due_, PruneSettle::due(marked.time, options_.grace));
    }
  }
  stats_.due = waiting_due_;
  if (stats_.packs_marked > 0) {
    stats_.due =
        std::max(stats_.due, PruneSettle::due(repository_->context().now(), options_.grace));
  }
}

void Plan::repack(const RepositoryLock& lock, Progress& progress) {
  if (repack_.empty()) return;
  progress.phase(SAPDR_PHASE_WRITE);
  std::vector<BlobPlace> places;
  for (const uint32_t pack : repack_) {
    for (const BlobPlace& place : repository_->index().blobs_in(pack)) {
      if (!usage_->counts(place)) continue;
      places.push_back(place);
      progress.expect(1, place.length);
    }
  }
  BlobWriter writer(*repository_, lock, false);
  BlobsToFetch blobs = all_of(places);
  blobs.take = [&](size_t, const FetchedBlob& blob) {
    writer.copy(blob.place, blob.sealed);
    progress.done(1, blob.place.length);
  };
  BlobFetcher(*repository_, progress).run(std::move(blobs));
  writer.finish();
}

// Those of `without` that are there.
std::vector<Id> Plan::snapshots_to_forget() const {
  std::vector<Id> present = repository_->list(FileType::snapshot);
  std::erase_if(present, [this](const Id& id) { return !options_.without.contains(id); });
  return present;
}

void Plan::require_runnable() const {
  if (!lock_) throw Error(Code::invalid_state, "the plan has run; plan the prune again");
  if (repository_->index().generation() != generation_) throw PruneUsage::outdated();
  if (!work_.forget.empty() && !options_.forget) {
    throw Error(Code::invalid_state, "the plan takes snapshot " + work_.forget.front().short_hex() +
                                         " for gone, but it is there; forget it first");
  }
  lock_->require_held();
}

// There are credentials that may write and not remove. To remove what is not there tells before
// anything was moved, and does no harm.
void Plan::require_may_erase() const {
  Id nobody;
  repository_->context().random(nobody.bytes);
  try {
    repository_->backend().erase({FileType::pack, nobody.hex()});
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return;
    if (error.code() != Code::permission) throw;
    throw Error(Code::permission,
                "a prune removes packs, and the storage at " + repository_->backend().location() +
                    " does not let us: use a credential that may delete; " + error.message())
        .because(error);
  }
}

void Plan::run(PruneStats& result, Progress& progress) {
  result = stats_;
  result.packs_repacked = result.bytes_repacked = 0;
  result.packs_marked = result.bytes_marked = 0;
  result.packs_removed = result.bytes_removed = 0;
  result.due = waiting_due_;
  work_.forget = snapshots_to_forget();
  require_runnable();
  usage_->ignore_none();
  auto lock = std::move(lock_);  // ends with this run, however that ends
  const bool has_work = !work_.forget.empty() || !work_.remove.empty() ||
                        !work_.unreferenced.empty() || stats_.packs_removed > 0;
  if (has_work) require_may_erase();
  repack(*lock, progress);
  result.packs_repacked = stats_.packs_repacked;
  result.bytes_repacked = stats_.bytes_repacked;
  lock.reset();  // the last part has to be alone
  if (!has_work) return;
  PruneSettle(*repository_, *usage_, std::move(work_), options_.grace).run(result, progress);
}

}  // namespace

MaxUnused::MaxUnused(std::string_view text) {
  if (text == "unlimited") {
    bytes_ = UINT64_MAX;
  } else if (const auto share = parse_share(text); share && *share < 1) {
    share_ = *share;
  } else if (const auto bytes = parse_bytes(text)) {
    bytes_ = *bytes;
  } else {
    throw Error(Code::invalid_argument,
                "\"" + std::string(text) +
                    "\" says nothing about unused data; use a share below 100% as 5%, an amount as "
                    "10G, or unlimited");
  }
}

// A share is one of everything: of 100 bytes, 5 unused ones are 5 %.
uint64_t MaxUnused::of(uint64_t used_bytes) const {
  if (share_ == 0) return bytes_;
  return static_cast<uint64_t>(std::floor(share_ / (1 - share_) * static_cast<double>(used_bytes)));
}

std::unique_ptr<PrunePlan> PrunePlan::make(RepositoryPtr repository, const PruneOptions& options,
                                           Progress& progress) {
  return std::make_unique<Plan>(std::move(repository), options, progress);
}

}  // namespace sapdr::core
