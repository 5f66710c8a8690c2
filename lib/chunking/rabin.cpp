#include "chunking/rabin.hpp"

#include <algorithm>
#include <cstdint>

namespace sapdr::core {

namespace {

constexpr size_t window = 64;
constexpr uint64_t cut_mask = (uint64_t{1} << 20) - 1;  // a cut in a MiB on average
constexpr size_t none = SIZE_MAX;

// Each step of a digest waits for the one before it, so stretches of data are digested side by
// side. Their length is no power of two: they would fall on the same cache lines.
constexpr size_t lanes = 8;
constexpr size_t stretch = 4160;
constexpr size_t block = lanes * stretch;

struct Digester {
  uint64_t append(uint64_t digest, std::byte in) const {
    return (digest << 8 | std::to_integer<uint64_t>(in)) ^ tables.mod[digest >> shift];
  }

  uint64_t slide(uint64_t digest, const std::byte* in) const {
    return append(digest, *in) ^ tables.out[std::to_integer<size_t>(*(in - window))];
  }

  uint64_t digest_before(const std::byte* at) const {
    uint64_t digest = 0;
    for (const std::byte* p = at - window; p < at; ++p) digest = append(digest, *p);
    return digest;
  }

  // The number of bytes from `begin` to the first cut in (begin, begin + size], or `none`.
  size_t first_cut(const std::byte* begin, size_t size) const {
    uint64_t digest = digest_before(begin);
    for (size_t i = 0; i < size; ++i) {
      digest = slide(digest, begin + i);
      if ((digest & cut_mask) == 0) return i + 1;
    }
    return none;
  }

  size_t first_cut_in_block(const std::byte* begin) const {
    std::array<uint64_t, lanes> digest;
    std::array<size_t, lanes> cut;
    cut.fill(none);
    for (size_t lane = 0; lane < lanes; ++lane) {
      digest[lane] = digest_before(begin + lane * stretch);
    }
    for (size_t i = 0; i < stretch; ++i) {
      for (size_t lane = 0; lane < lanes; ++lane) {
        digest[lane] = slide(digest[lane], begin + lane * stretch + i);
        if ((digest[lane] & cut_mask) == 0) cut[lane] = std::min(cut[lane], i + 1);
      }
    }
    for (size_t lane = 0; lane < lanes; ++lane) {
      if (cut[lane] != none) return lane * stretch + cut[lane];
    }
    return none;
  }

  const RabinTables& tables;
  int shift = tables.shift;
};

}  // namespace

RabinTables::RabinTables(Polynomial polynomial) : shift(degree(polynomial) - 8) {
  for (unsigned b = 0; b < 256; ++b) {
    // What is left of a byte once it has left the window: b × t^(8 × 64).
    uint64_t digest = core::mod(b, polynomial);
    for (size_t i = 0; i < window; ++i) digest = core::mod(digest << 8, polynomial);
    out[b] = digest;
    // Reduces a digest whose top byte was b, and clears that byte.
    const uint64_t overflow = uint64_t{b} << degree(polynomial);
    mod[b] = core::mod(overflow, polynomial) | overflow;
  }
}

// The digest is that of the last 64 bytes, whatever was before them: there is nothing to do below
// the minimum, and nothing but the position to remember.
size_t RabinCutter::scan(ByteView data) {
  const Digester digester{*tables_};
  const auto finish = [&](size_t size) {
    restart();
    return size;
  };
  if (data.size() < min_chunk) return 0;
  if (position_ < min_chunk) {
    position_ = min_chunk;
    if ((digester.digest_before(data.data() + min_chunk) & cut_mask) == 0) return finish(min_chunk);
  }
  const size_t end = std::min(data.size(), max_chunk);
  while (position_ < end) {
    const std::byte* const at = data.data() + position_;
    const size_t size = std::min(end - position_, block);
    const size_t cut =
        size == block ? digester.first_cut_in_block(at) : digester.first_cut(at, size);
    if (cut != none) return finish(position_ + cut);
    position_ += size;
  }
  return end == max_chunk ? finish(max_chunk) : 0;
}

}  // namespace sapdr::core
