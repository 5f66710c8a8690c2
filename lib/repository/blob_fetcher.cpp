#include "repository/blob_fetcher.hpp"

#include <algorithm>

#include "base/workers.hpp"
#include "repository/open_blobs.hpp"

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
  Workers workers(repository_.reads_at_once(), 1);
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
  Bytes range = take_buffer();
  std::vector<size_t> missed;  // not in this range, though they should be
  const bool is_there = !load(first, length, range);
  const Slots::Lease decoder(repository_.decoders());
  auto tools = repository_.tools().lend();
  if (is_there) {
    open_range(begin, end, range, *tools, missed);
  } else {
    for (size_t blob = begin; blob < end; ++blob) missed.push_back(blob);
  }
  for (const size_t blob : missed) {
    progress_.checkpoint();
    if (blobs_.is_needed(blob)) fetch_alone(blob, *tools);
  }
  const std::lock_guard lock(buffers_mutex_);
  buffers_.push_back(std::move(range));
}

void BlobFetcher::open_range(size_t begin, size_t end, ByteView range, Tools& tools,
                             std::vector<size_t>& missed) {
  const uint32_t range_offset = blobs_.place(begin).offset;
  size_t blob = begin;
  const auto next = [&]() -> std::optional<SealedBlob> {
    progress_.checkpoint();
    while (blob < end && !blobs_.is_needed(blob)) ++blob;
    if (blob == end) return std::nullopt;
    const BlobPlace& place = blobs_.place(blob);
    return SealedBlob{blob++, place, range.subspan(place.offset - range_offset, place.length)};
  };
  const auto take = [&](const SealedBlob& sealed, const Bytes* plain) {
    if (plain == nullptr) return missed.push_back(sealed.number);
    blobs_.take(sealed.number, {sealed.place, sealed.sealed, *plain});
  };
  open_blobs(tools, {next, take});
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

// A blob that did not come out right with its range. The copy in it is tried once more, too: the
// range may have been damaged on the way, or be there in part.
void BlobFetcher::fetch_alone(size_t blob, Tools& tools) {
  const BlobPlace& planned = blobs_.place(blob);
  std::optional<Error> unreadable;
  Bytes sealed;
  Bytes& plain = tools.plain.front();
  for (const BlobPlace& place : repository_.index().find_all(planned.id, planned.type)) {
    if (const auto error = load(place, place.length, sealed)) {
      if (!says_damage(*error)) unreadable = error;
    } else if (open_blob(tools, place, sealed, plain)) {
      return blobs_.take(blob, {place, sealed, plain});
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

Bytes BlobFetcher::take_buffer() {
  const std::lock_guard lock(buffers_mutex_);
  if (buffers_.empty()) return {};
  Bytes buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

}  // namespace sapdr::core
