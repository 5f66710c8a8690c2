#include "operation/prune_settle.hpp"

#include <algorithm>
#include <limits>

#include "repository/erase_all.hpp"
#include "repository/index_writer.hpp"
#include "repository/snapshots.hpp"
#include "repository/verified.hpp"

namespace sapdr::core {

namespace {

// From so many small index files on they are put together: each backup leaves one.
constexpr size_t many_small_files = 8;
constexpr size_t small_file_packs = 64;

}  // namespace

PruneSettle::PruneSettle(Repository& repository, PruneUsage& usage, PruneWork work,
                         std::chrono::nanoseconds grace)
    : repository_(repository), usage_(usage), work_(std::move(work)), grace_(grace) {}

bool PruneSettle::is_due(const MarkedPack& marked, const Context& context,
                         std::chrono::nanoseconds grace) {
  return grace.count() == 0 || marked.time <= context.now() - grace.count();
}

UnixNs PruneSettle::due(UnixNs marked, std::chrono::nanoseconds grace) {
  constexpr UnixNs last = std::numeric_limits<UnixNs>::max();  // of time as it is stored
  return marked > last - grace.count() ? last : marked + grace.count();
}

void PruneSettle::run(PruneStats& result, Progress& progress) {
  progress.phase(SAPDR_PHASE_FINISH);
  const RepositoryLock lock(repository_, LockMode::exclusive, progress);
  lock_ = &lock;
  remove_snapshots(result, progress);
  usage_.add_snapshots(progress);  // what came while others were at work
  keep_needed();
  list_storage();
  rewrite_index();
  result.packs_marked = n_marked_;
  result.bytes_marked = bytes_marked_;
  if (n_marked_ > 0) result.due = std::max(result.due, due(marked_at_, grace_));
  remove_packs(result, progress);
  compact_verified(repository_, lock, [&](const Id& pack) {
    return stored_.contains(pack) && !work_.remove.contains(pack);
  });
}

void PruneSettle::go_on(Progress& progress) const {
  progress.checkpoint();
  lock_->check();
}

void PruneSettle::remove_snapshots(PruneStats& result, Progress& progress) {
  erase_all(
      repository_.backend(), FileType::snapshot, work_.forget, [&] { go_on(progress); },
      [&](size_t) { ++result.snapshots_removed; });
}

// A pack goes only if every used blob in it is in one that stays.
void PruneSettle::keep_needed() {
  const BlobIndex& index = repository_.index();
  const auto stays = [&](const BlobPlace& place) {
    return !work_.remove.contains(index.pack_id(place.pack));
  };
  const auto is_needed = [&](const Id& id) {
    const auto pack = index.pack_number(id);
    if (!pack) return false;
    const std::vector<BlobPlace> blobs = index.blobs_in(*pack);
    return std::any_of(blobs.begin(), blobs.end(), [&](const BlobPlace& place) {
      if (!usage_.is_used(place)) return false;
      const std::vector<BlobPlace> copies = index.find_all(place.id, place.type);
      return std::none_of(copies.begin(), copies.end(), stays);
    });
  };
  // Found by looking at each with the decisions on those before it.
  for (auto at = work_.remove.begin(); at != work_.remove.end();) {
    at = is_needed(*at) ? work_.remove.erase(at) : std::next(at);
  }
  std::erase_if(work_.unreferenced,
                [&](const StoredPack& pack) { return index.pack_number(pack.id).has_value(); });
}

void PruneSettle::list_storage() {
  repository_.backend().list(FileType::pack, [&](const ObjectInfo& pack) {
    if (const auto id = Id::parse(pack.name)) stored_.emplace(*id, pack.size);
  });
}

std::vector<Id> PruneSettle::files_to_rewrite() const {
  std::vector<Id> changed;
  std::vector<Id> small;
  for (const auto& [id, file] : repository_.index_files().files()) {
    const bool has_removed = std::any_of(file.packs.begin(), file.packs.end(), [&](uint32_t pack) {
      return work_.remove.contains(repository_.index().pack_id(pack));
    });
    const bool has_due =
        std::any_of(file.marked.begin(), file.marked.end(), [&](const MarkedPack& marked) {
          return !stored_.contains(marked.pack.id) || is_due(marked, repository_.context(), grace_);
        });
    if (has_removed || has_due) {
      changed.push_back(id);
    } else if (file.packs.size() < small_file_packs) {
      small.push_back(id);
    }
  }
  if (small.size() >= many_small_files) changed.insert(changed.end(), small.begin(), small.end());
  return changed;
}

void PruneSettle::mark_or_remove(IndexedPack pack, UnixNs time) {
  const auto stored = stored_.find(pack.id);
  if (stored == stored_.end() || !judged_.insert(pack.id).second) return;
  MarkedPack marked{std::move(pack), time, stored->second};
  (is_due(marked, repository_.context(), grace_) ? doomed_ : marks_).push_back(std::move(marked));
}

void PruneSettle::rewrite_index() {
  const std::vector<Id> old = files_to_rewrite();
  const BlobIndex& index = repository_.index();
  const UnixNs now = marked_at_ = repository_.context().now();
  IndexWriter writer(repository_, *lock_);
  std::unordered_set<uint32_t> done;
  for (const Id& id : old) {
    const IndexFiles::File& file = repository_.index_files().files().at(id);
    for (const uint32_t number : file.packs) {
      if (!done.insert(number).second) continue;
      IndexedPack pack = indexed_pack(index, number);
      if (work_.remove.contains(pack.id)) {
        mark_or_remove(std::move(pack), now);
      } else {
        writer.add(std::move(pack));
      }
    }
    // A pack that an index names again is no longer marked.
    for (const MarkedPack& marked : file.marked) {
      if (!index.pack_number(marked.pack.id)) mark_or_remove(marked.pack, marked.time);
    }
  }
  for (const StoredPack& pack : work_.unreferenced) mark_or_remove({pack.id, {}}, now);
  for (const MarkedPack& marked : marks_) {
    if (marked.time != now) continue;
    ++n_marked_;
    bytes_marked_ += marked.size;
  }
  for (MarkedPack& marked : marks_) writer.mark(std::move(marked));
  writer.replace(old);
}

void PruneSettle::remove_packs(PruneStats& result, Progress& progress) {
  std::vector<Id> doomed;
  for (const MarkedPack& marked : doomed_) doomed.push_back(marked.pack.id);
  const auto count = [&](size_t at) {
    ++result.packs_removed;
    result.bytes_removed += doomed_[at].size;
    progress.done(1, doomed_[at].size);
  };
  erase_all(
      repository_.backend(), FileType::pack, doomed, [&] { go_on(progress); }, count);
}

}  // namespace sapdr::core
