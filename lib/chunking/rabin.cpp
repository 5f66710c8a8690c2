#include "chunking/rabin.hpp"

#include <algorithm>
#include <cstdint>

#include "chunking/rabin_kernel.hpp"

namespace sapdr::core {

namespace {

DigestMatrices matrices_of(const std::array<uint64_t, 256>& table) {
  DigestMatrices matrices{};
  for (size_t bit = 0; bit < 8 * rabin_digest_bytes; ++bit) {
    BitMatrix row = 0;
    for (size_t n = 0; n < 8; ++n) row |= (table[size_t{1} << n] >> bit & 1) << n;
    matrices[bit / 8] |= row << 8 * (7 - bit % 8);
  }
  return matrices;
}

DigestNibbles nibbles_of(const std::array<uint64_t, 256>& table) {
  DigestNibbles nibbles;
  for (size_t k = 0; k < rabin_digest_bytes; ++k) {
    for (size_t n = 0; n < 16; ++n) {
      nibbles[k].low[n] = static_cast<uint8_t>(table[n] >> 8 * k);
      nibbles[k].high[n] = static_cast<uint8_t>(table[n << 4] >> 8 * k);
    }
  }
  return nibbles;
}

}  // namespace

RabinTables::RabinTables(Polynomial polynomial) : shift(degree(polynomial) - 8) {
  for (unsigned b = 0; b < 256; ++b) {
    // What is left of a byte once it has left the window: b × t^(8 × 64).
    uint64_t digest = core::mod(b, polynomial);
    for (size_t i = 0; i < rabin_window; ++i) digest = core::mod(digest << 8, polynomial);
    out[b] = digest;
    // Reduces a digest whose top byte was b, and clears that byte.
    const uint64_t overflow = uint64_t{b} << degree(polynomial);
    mod[b] = core::mod(overflow, polynomial) | overflow;
  }
  out_matrices = matrices_of(out);
  mod_matrices = matrices_of(mod);
  out_nibbles = nibbles_of(out);
  mod_nibbles = nibbles_of(mod);
}

FirstCandidate* rabin_kernel(RabinForm form) {
  switch (form) {
    case RabinForm::serial:
      return first_candidate_serial;
    case RabinForm::interleaved:
      return first_candidate_interleaved;
    case RabinForm::avx2:
      return rabin_avx2_kernel();
    case RabinForm::gfni:
      return rabin_gfni_kernel();
    case RabinForm::automatic:
      break;
  }
  for (FirstCandidate* const kernel : {rabin_gfni_kernel(), rabin_avx2_kernel()}) {
    if (kernel != nullptr) return kernel;
  }
  return first_candidate_interleaved;
}

RabinCutter::RabinCutter(const RabinTables& tables, RabinForm form)
    : tables_(&tables), first_candidate_(rabin_kernel(form)) {}

// The digest is that of the last 64 bytes, whatever was before them: there is nothing to do below
// the minimum, and nothing but the position to remember.
size_t RabinCutter::scan(ByteView data) {
  if (data.size() < min_chunk) return 0;
  const size_t begin = std::max(position_, min_chunk - 1);  // a chunk may end at the minimum
  const size_t end = std::min(data.size(), max_chunk);
  const size_t found = first_candidate_(*tables_, data.data() + begin, end - begin);
  if (found == no_candidate && end < max_chunk) {
    position_ = end;
    return 0;
  }
  restart();
  return found == no_candidate ? end : begin + found;
}

}  // namespace sapdr::core
