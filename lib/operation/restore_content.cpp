#include "operation/restore_content.hpp"

#include <algorithm>
#include <limits>

namespace sapdr::core {

RestoreContent::RestoreContent(const RestorePlanData& plan, RestoreFiles& files, Progress& progress)
    : plan_(plan), items_(plan.items), files_(files), fetcher_(*plan.repository, progress) {
  collect_uses();
  order_blobs();
}

void RestoreContent::collect_uses() {
  const auto each_use = [&](auto use) {
    for (ItemNumber i = 0; i < items_.size(); ++i) {
      if (items_[i].todo != Todo::write_file) continue;
      uint64_t offset = 0;
      for (const uint32_t blob : items_.blobs_of(i)) {
        if (!items_.blobs[blob].is_hole) use(blob, Use{offset, i});
        offset += items_.blobs[blob].place.plain_length;
      }
    }
  };
  uses_at_.assign(items_.blobs.size() + 1, 0);
  each_use([&](uint32_t blob, const Use&) { ++uses_at_[blob + 1]; });
  for (size_t i = 1; i < uses_at_.size(); ++i) uses_at_[i] += uses_at_[i - 1];
  uses_.resize(uses_at_.back());
  std::vector<uint64_t> next(uses_at_.begin(), uses_at_.end() - 1);
  each_use([&](uint32_t blob, const Use& use) { uses_[next[blob]++] = use; });
}

// Packs in the order in which the files need them first, so that files are finished soon; in a pack
// from its beginning to its end.
void RestoreContent::order_blobs() {
  constexpr uint32_t unknown = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> rank(plan_.repository->index().n_packs(), unknown);
  uint32_t n_ranks = 0;
  for (uint32_t blob = 0; blob < items_.blobs.size(); ++blob) {
    if (uses_of(blob).empty()) continue;
    uint32_t& known = rank[items_.blobs[blob].place.pack];
    if (known == unknown) known = n_ranks++;
    order_.push_back(blob);
  }
  n_packs_ = n_ranks;
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    const BlobPlace& x = items_.blobs[a].place;
    const BlobPlace& y = items_.blobs[b].place;
    return x.pack == y.pack ? x.offset < y.offset : rank[x.pack] < rank[y.pack];
  });
}

void RestoreContent::run() {
  BlobsToFetch blobs;
  blobs.size = order_.size();
  blobs.place = [this](size_t at) -> const BlobPlace& { return items_.blobs[order_[at]].place; };
  blobs.is_needed = [this](size_t at) { return is_needed(order_[at]); };
  blobs.take = [this](size_t at, const FetchedBlob& blob) { write(order_[at], blob.plain); };
  blobs.lose = [this](size_t at, const Error& error) { lose(order_[at], error); };
  fetcher_.run(std::move(blobs));
}

void RestoreContent::write(uint32_t blob, ByteView plain) {
  for (const Use& use : uses_of(blob)) files_.write(use.item, use.offset, plain);
}

void RestoreContent::lose(uint32_t blob, const Error& error) {
  for (const Use& use : uses_of(blob)) files_.fail(use.item, error);
}

bool RestoreContent::is_needed(uint32_t blob) const {
  const auto uses = uses_of(blob);
  return std::any_of(uses.begin(), uses.end(),
                     [&](const Use& use) { return !files_.has_failed(use.item); });
}

}  // namespace sapdr::core
