#include "operation/restore_content.hpp"

#include <algorithm>
#include <limits>

#include "base/workers.hpp"

namespace sapdr::core {

namespace {
// Reading a small gap is cheaper than asking twice.
constexpr uint32_t max_gap = 64 * 1024;
constexpr uint32_t max_range = 16 * 1024 * 1024;
}  // namespace

RestoreContent::RestoreContent(const RestorePlanData& plan, RestoreFiles& files, Progress& progress)
    : plan_(plan), items_(plan.items), files_(files), progress_(progress) {
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

size_t RestoreContent::range_end(size_t begin) const {
  const BlobPlace& first = items_.blobs[order_[begin]].place;
  uint64_t end_offset = uint64_t{first.offset} + first.length;
  size_t end = begin + 1;
  for (; end < order_.size(); ++end) {
    const BlobPlace& next = items_.blobs[order_[end]].place;
    const uint64_t next_end = uint64_t{next.offset} + next.length;
    if (next.pack != first.pack || next.offset > end_offset + max_gap) break;
    if (next_end > uint64_t{first.offset} + max_range) break;
    end_offset = std::max(end_offset, next_end);
  }
  return end;
}

void RestoreContent::run() {
  Workers workers(plan_.repository->context().threads(), 1);
  for (size_t begin = 0; begin < order_.size();) {
    const size_t end = range_end(begin);
    workers.submit([this, begin, end] { restore_range(begin, end); });
    begin = end;
  }
  workers.finish();
}

void RestoreContent::restore_range(size_t begin, size_t end) {
  const bool any_needed = std::any_of(order_.begin() + static_cast<std::ptrdiff_t>(begin),
                                      order_.begin() + static_cast<std::ptrdiff_t>(end),
                                      [&](uint32_t blob) { return is_needed(blob); });
  if (!any_needed) return;
  auto tools = plan_.repository->tools().lend();
  auto buffers = take_buffers();
  const BlobPlace& first = items_.blobs[order_[begin]].place;
  uint64_t length = 0;
  for (size_t i = begin; i < end; ++i) {
    const BlobPlace& place = items_.blobs[order_[i]].place;
    length = std::max(length, uint64_t{place.offset} - first.offset + place.length);
  }
  const bool is_fetched = fetch(first, length, buffers->range);
  for (size_t i = begin; i < end; ++i) {
    progress_.checkpoint();
    restore_blob(order_[i], is_fetched ? &buffers->range : nullptr, first.offset, *tools, *buffers);
  }
  const std::lock_guard lock(buffers_mutex_);
  buffers_.push_back(std::move(buffers));
}

bool RestoreContent::fetch(const BlobPlace& first, size_t length, Bytes& range) {
  range.resize(length);
  try {
    const Id pack = plan_.repository->index().pack_id(first.pack);
    plan_.repository->backend().load({FileType::pack, pack.hex()}, first.offset, range);
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    plan_.repository->context().log(LogLevel::warning, "restore", error.message());
    return false;
  }
  bytes_fetched_ += length;
  return true;
}

// One blob alone, into buffers.plain.
bool RestoreContent::fetch_blob(const BlobPlace& place, Tools& tools, Buffers& buffers) {
  Bytes sealed;
  return fetch(place, place.length, sealed) && open_blob(tools, place, sealed, buffers.plain);
}

// `range` is null if it could not be fetched: a part of it may still be there.
void RestoreContent::restore_blob(uint32_t blob, const Bytes* range, uint32_t range_offset,
                                  Tools& tools, Buffers& buffers) {
  if (!is_needed(blob)) return;
  const BlobPlace& planned = items_.blobs[blob].place;
  bool is_right = false;
  if (range != nullptr) {
    const ByteView sealed = ByteView(*range).subspan(planned.offset - range_offset, planned.length);
    is_right = open_blob(tools, planned, sealed, buffers.plain);
  }
  if (!is_right) {
    for (const BlobPlace& place : plan_.repository->index().find_all(planned.id, BlobType::data)) {
      const bool was_tried = place.pack == planned.pack && place.offset == planned.offset;
      if (was_tried && range != nullptr) continue;
      is_right = fetch_blob(place, tools, buffers);
      if (is_right) break;
    }
  }
  if (is_right) {
    for (const Use& use : uses_of(blob)) files_.write(use.item, use.offset, buffers.plain);
    return;
  }
  const std::string pack = plan_.repository->index().pack_id(planned.pack).hex();
  for (const Use& use : uses_of(blob)) {
    files_.fail(use.item, Error(Code::corrupt, "its blob " + planned.id.hex() + " in pack " + pack +
                                                   " is damaged or missing and there is no other "
                                                   "copy; the file is left out")
                              .with("blob", planned.id.hex())
                              .with("pack", pack));
  }
}

bool RestoreContent::is_needed(uint32_t blob) const {
  const auto uses = uses_of(blob);
  return std::any_of(uses.begin(), uses.end(),
                     [&](const Use& use) { return !files_.has_failed(use.item); });
}

std::unique_ptr<RestoreContent::Buffers> RestoreContent::take_buffers() {
  const std::lock_guard lock(buffers_mutex_);
  if (buffers_.empty()) return std::make_unique<Buffers>();
  auto buffers = std::move(buffers_.back());
  buffers_.pop_back();
  return buffers;
}

}  // namespace sapdr::core
