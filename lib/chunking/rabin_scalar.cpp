// The forms that any processor runs: one byte after the other, and eight stretches side by side.
#include <algorithm>
#include <array>

#include "chunking/rabin_kernel.hpp"

namespace sapdr::core {

namespace {

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
    return append(digest, *in) ^ tables.out[std::to_integer<size_t>(*(in - rabin_window))];
  }

  uint64_t digest_before(const std::byte* at) const {
    uint64_t digest = 0;
    for (const std::byte* p = at - rabin_window; p < at; ++p) digest = append(digest, *p);
    return digest;
  }

  size_t first_candidate_in_block(const std::byte* begin) const {
    std::array<uint64_t, lanes> digest;
    std::array<size_t, lanes> found;
    found.fill(no_candidate);
    for (size_t lane = 0; lane < lanes; ++lane) {
      digest[lane] = digest_before(begin + lane * stretch);
    }
    for (size_t i = 0; i < stretch; ++i) {
      for (size_t lane = 0; lane < lanes; ++lane) {
        digest[lane] = slide(digest[lane], begin + lane * stretch + i);
        if ((digest[lane] & candidate_mask) == 0) found[lane] = std::min(found[lane], i + 1);
      }
    }
    for (size_t lane = 0; lane < lanes; ++lane) {
      if (found[lane] != no_candidate) return lane * stretch + found[lane];
    }
    return no_candidate;
  }

  const RabinTables& tables;
  int shift = tables.shift;
};

}  // namespace

size_t first_candidate_serial(const RabinTables& tables, const std::byte* begin, size_t size) {
  const Digester digester{tables};
  uint64_t digest = digester.digest_before(begin);
  for (size_t i = 0; i < size; ++i) {
    digest = digester.slide(digest, begin + i);
    if ((digest & candidate_mask) == 0) return i + 1;
  }
  return no_candidate;
}

size_t first_candidate_interleaved(const RabinTables& tables, const std::byte* begin, size_t size) {
  const Digester digester{tables};
  size_t done = 0;
  for (; size - done >= block; done += block) {
    const size_t found = digester.first_candidate_in_block(begin + done);
    if (found != no_candidate) return done + found;
  }
  const size_t found = first_candidate_serial(tables, begin + done, size - done);
  return found == no_candidate ? no_candidate : done + found;
}

}  // namespace sapdr::core
