#include "repository/blob_fetcher.hpp"

#include <algorithm>

#include "base/workers.hpp"

namespace sapdr::core {

namespace {
// Reading a small gap is cheaper than asking twice.
constexpr uint32_t max_gap = 64 * 1024;
constexpr uint32_t max_range = 16 * 1024 * 1024;

// Other errors say nothing about what is stored.
bool says_damage(const Error& error) {
  return error.code() == Code::not_found || error.code() == Code::corrupt;
}

}  // namespace

BlobsToFetch all_of(std::vector<BlobPlace>& places) {
  std::sort(places.begin(), places.end(), [](const BlobPlace& a, const BlobPlace& b) {
    return a.pack == b.pack ? a.offset < b.offset : a.pack < b.pack;
  });
  BlobsToFetch blobs;
  blobs.size = places.size();
  blobs.place = [&places](size_t blob) -> const BlobPlace& { return places[blob]; };
  blobs.is_needed = [](size_t) { return true; };
  blobs.lose = [](size_t, const Error& error) { throw error; };
  return blobs;
}

void BlobFetcher::run(BlobsToFetch blobs) {
  blobs_ = std::move(blobs);
  Workers workers(repository_.context().threads(), 1);
  for (size_t begin = 0; begin < blobs_.size;) {
    const size_t end = range_end(begin);
    workers.submit([this, begin, end] { fetch_range(begin, end); });
    begin = end;
  }
  workers.finish();
}

size_t BlobFetcher::range_end(size_t begin) const {
  const BlobPlace& first = blobs_.place(begin);
  uint64_t end_offset = uint64_t{first.offset} + first.length;
  size_t end = begin + 1;
  for (; end < blobs_.size; ++end) {
    const BlobPlace& next = blobs_.place(end);
    const uint64_t next_end = uint64_t{next.offset} + next.length;
    if (next.pack != first.pack || next.offset > end_offset + max_gap) break;
    if (next_end > uint64_t{first.offset} + max_range) break;
    end_offset = std::max(end_offset, next_end);
  }
  return end;
}

void BlobFetcher::fetch_range(size_t begin, size_t end) {
  bool any_needed = false;
  uint64_t length = 0;
  const BlobPlace& first = blobs_.place(begin);
  for (size_t blob = begin; blob < end; ++blob) {
    const BlobPlace& place = blobs_.place(blob);
    any_needed = any_needed || blobs_.is_needed(blob);
    length = std::max(length, uint64_t{place.offset} - first.offset + place.length);
  }
  if (!any_needed) return;
  auto tools = repository_.tools().lend();
  auto buffers = take_buffers();
  const bool is_loaded = !load(first, length, buffers->range);
  for (size_t blob = begin; blob < end; ++blob) {
    progress_.checkpoint();
    if (!blobs_.is_needed(blob)) continue;
    fetch_blob(blob, is_loaded ? &buffers->range : nullptr, first.offset, *tools, *buffers);
  }
  const std::lock_guard lock(buffers_mutex_);
  buffers_.push_back(std::move(buffers));
}

// Why the range cannot be read, if it cannot: a part of it may still be there.
std::optional<Error> BlobFetcher::load(const BlobPlace& first, size_t length, Bytes& range) {
  range.resize(length);
  try {
    const Id pack = repository_.index().pack_id(first.pack);
    repository_.backend().load({FileType::pack, pack.hex()}, first.offset, range);
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    repository_.context().log(LogLevel::warning, "repository", error.message());
    return error;
  }
  bytes_fetched_ += length;
  return std::nullopt;
}

// `range` is null if it could not be read.
void BlobFetcher::fetch_blob(size_t blob, const Bytes* range, uint32_t range_offset, Tools& tools,
                             Buffers& buffers) {
  const BlobPlace& planned = blobs_.place(blob);
  if (range != nullptr) {
    const ByteView sealed = ByteView(*range).subspan(planned.offset - range_offset, planned.length);
    if (open_blob(tools, planned, sealed, buffers.plain)) {
      return blobs_.take(blob, {planned, sealed, buffers.plain});
    }
  }
  std::optional<Error> unreadable;
  for (const BlobPlace& place : repository_.index().find_all(planned.id, planned.type)) {
    const bool was_tried = place.pack == planned.pack && place.offset == planned.offset;
    if (was_tried && range != nullptr) continue;
    Bytes sealed;
    if (const auto error = load(place, place.length, sealed)) {
      if (!says_damage(*error)) unreadable = error;
    } else if (open_blob(tools, place, sealed, buffers.plain)) {
      return blobs_.take(blob, {place, sealed, buffers.plain});
    }
  }
  blobs_.lose(blob, unreadable ? *unreadable : lost(planned));
}

Error BlobFetcher::lost(const BlobPlace& place) const {
  const std::string pack = repository_.index().pack_id(place.pack).hex();
  return Error(Code::corrupt, std::string(to_string(place.type)) + " blob " + place.id.hex() +
                                  " in pack " + pack +
                                  " is damaged or missing and there is no other copy")
      .with("blob", place.id.hex())
      .with("pack", pack);
}

std::unique_ptr<BlobFetcher::Buffers> BlobFetcher::take_buffers() {
  const std::lock_guard lock(buffers_mutex_);
  if (buffers_.empty()) return std::make_unique<Buffers>();
  auto buffers = std::move(buffers_.back());
  buffers_.pop_back();
  return buffers;
}

}  // namespace sapdr::core
