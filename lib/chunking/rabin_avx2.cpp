// The form for processors with AVX2: 32 stretches of data side by side. What a byte adds to a byte
// of a digest is what its two nibbles add, and a shuffle looks 32 nibbles up at once.
#include "chunking/rabin_kernel.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define SAPDR_SLICED __attribute__((target("avx2")))

namespace sapdr::core {

namespace {

using Vector = __m256i;
constexpr size_t lanes = sizeof(Vector);

// byte[k] has byte k of each lane's digest.
struct Digests {
  Vector byte[rabin_digest_bytes];
};

// The halves of some bytes, or what each value of a half adds.
struct Nibbles {
  Vector low, high;
};

struct Tables {
  Nibbles out[rabin_digest_bytes];
  Nibbles mod[rabin_digest_bytes];
};

// Where two 16 bytes of a vector are as one, since a shuffle keeps to its own.
SAPDR_SLICED inline Vector twice(const std::array<uint8_t, 16>& bytes) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data())));
}

SAPDR_SLICED inline Tables load(const RabinTables& rabin) {
  Tables tables;
  for (size_t k = 0; k < rabin_digest_bytes; ++k) {
    tables.out[k] = {twice(rabin.out_nibbles[k].low), twice(rabin.out_nibbles[k].high)};
    tables.mod[k] = {twice(rabin.mod_nibbles[k].low), twice(rabin.mod_nibbles[k].high)};
  }
  return tables;
}

SAPDR_SLICED inline Vector load_rows(const std::byte* at, size_t apart) {
  return _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(at + apart),
                             reinterpret_cast<const __m128i*>(at));
}

SAPDR_SLICED inline Vector unpack_low(Vector a, Vector b) {
  return _mm256_unpacklo_epi8(a, b);
}

SAPDR_SLICED inline Vector unpack_high(Vector a, Vector b) {
  return _mm256_unpackhi_epi8(a, b);
}

// The bits of each byte that `mask` has. Shifts are those of larger numbers: their masks cut off
// what came from a neighbour.
SAPDR_SLICED inline Vector bits(Vector bytes, char mask) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(mask));
}

SAPDR_SLICED inline Nibbles halves(Vector bytes) {
  return {bits(bytes, 0x0f), bits(_mm256_srli_epi16(bytes, 4), 0x0f)};
}

// Of the top byte of a digest, bits 45 to 52: three of byte 5, five of byte 6.
SAPDR_SLICED inline Nibbles halves_of_top(const Digests& d) {
  const Vector low = _mm256_or_si256(bits(_mm256_srli_epi16(d.byte[5], 5), 0x07),
                                     bits(_mm256_slli_epi16(d.byte[6], 3), 0x08));
  return {low, bits(_mm256_srli_epi16(d.byte[6], 1), 0x0f)};
}

SAPDR_SLICED inline Vector add(Vector sum, const Nibbles& bytes, const Nibbles& table) {
  sum = _mm256_xor_si256(sum, _mm256_shuffle_epi8(table.low, bytes.low));
  return _mm256_xor_si256(sum, _mm256_shuffle_epi8(table.high, bytes.high));
}

// The digest is shifted, reduced by what was its top byte, and rid of what the leaving byte was
// worth.
SAPDR_SLICED inline void slide(Digests& d, Vector in, Vector leaving, const Tables& tables) {
  const Nibbles top = halves_of_top(d);
  const Nibbles gone = halves(leaving);
  for (size_t k = rabin_digest_bytes - 1; k > 0; --k) {
    d.byte[k] = add(add(d.byte[k - 1], gone, tables.out[k]), top, tables.mod[k]);
  }
  d.byte[0] = add(add(in, gone, tables.out[0]), top, tables.mod[0]);
}

SAPDR_SLICED inline Vector least_masked(Vector least, const Digests& d) {
  static_assert(candidate_mask == 0x0fffff);
  const Vector low = _mm256_or_si256(d.byte[0], d.byte[1]);
  return _mm256_min_epu8(least, _mm256_or_si256(low, bits(d.byte[2], 0x0f)));
}

SAPDR_SLICED inline Vector none() {
  return _mm256_set1_epi8(-1);
}

SAPDR_SLICED inline uint64_t zero_lanes(Vector vector) {
  return static_cast<uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(vector, _mm256_setzero_si256())));
}

}  // namespace

}  // namespace sapdr::core

#include "chunking/rabin_sliced.hpp"

// avx2 is told only if the system keeps its registers.
sapdr::core::FirstCandidate* sapdr::core::rabin_avx2_kernel() {
  return __builtin_cpu_supports("avx2") ? first_candidate_sliced : nullptr;
}

#else

sapdr::core::FirstCandidate* sapdr::core::rabin_avx2_kernel() {
  return nullptr;
}

#endif
