// The form for processors with AVX-512 and GFNI: 64 stretches of data side by side. What a byte
// adds to a byte of a digest is an 8x8 bit matrix times that byte: one instruction for 64 of them.
#include "chunking/rabin_kernel.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define SAPDR_SLICED __attribute__((target("avx512f,avx512bw,gfni")))

namespace sapdr::core {

namespace {

using Vector = __m512i;
constexpr size_t lanes = sizeof(Vector);

// What bytes 5 and 6 of a digest have of its top byte, bits 45 to 52: shifts by 5 to the right and
// by 3 to the left. `BitMatrix` says how bits are ordered.
constexpr BitMatrix identity = 0x0102040810204080;
constexpr BitMatrix top_of_byte_5 = identity << 8 * 5;
constexpr BitMatrix top_of_byte_6 = identity >> 8 * 3;

// byte[k] has byte k of each lane's digest.
struct Digests {
  Vector byte[rabin_digest_bytes];
};

struct Tables {
  Vector out[rabin_digest_bytes];
  Vector mod[rabin_digest_bytes];
  Vector top_of_5, top_of_6;
};

SAPDR_SLICED inline Vector repeat(BitMatrix matrix) {
  return _mm512_set1_epi64(static_cast<int64_t>(matrix));
}

SAPDR_SLICED inline Tables load(const RabinTables& rabin) {
  Tables tables;
  for (size_t k = 0; k < rabin_digest_bytes; ++k) {
    tables.out[k] = repeat(rabin.out_matrices[k]);
    tables.mod[k] = repeat(rabin.mod_matrices[k]);
  }
  tables.top_of_5 = repeat(top_of_byte_5);
  tables.top_of_6 = repeat(top_of_byte_6);
  return tables;
}

inline const __m128i* row(const std::byte* at) {
  return reinterpret_cast<const __m128i*>(at);
}

SAPDR_SLICED inline Vector load_rows(const std::byte* at, size_t apart) {
  Vector rows = _mm512_castsi128_si512(_mm_loadu_si128(row(at)));
  rows = _mm512_inserti32x4(rows, _mm_loadu_si128(row(at + apart)), 1);
  rows = _mm512_inserti32x4(rows, _mm_loadu_si128(row(at + 2 * apart)), 2);
  return _mm512_inserti32x4(rows, _mm_loadu_si128(row(at + 3 * apart)), 3);
}

SAPDR_SLICED inline Vector unpack_low(Vector a, Vector b) {
  return _mm512_unpacklo_epi8(a, b);
}

SAPDR_SLICED inline Vector unpack_high(Vector a, Vector b) {
  return _mm512_unpackhi_epi8(a, b);
}

SAPDR_SLICED inline Vector multiply(Vector bytes, Vector matrix) {
  return _mm512_gf2p8affine_epi64_epi8(bytes, matrix, 0);
}

SAPDR_SLICED inline Vector xor3(Vector a, Vector b, Vector c) {
  return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

// The digest is shifted, reduced by what was its top byte, and rid of what the leaving byte was
// worth.
SAPDR_SLICED inline void slide(Digests& d, Vector in, Vector leaving, const Tables& tables) {
  const Vector top =
      _mm512_xor_si512(multiply(d.byte[5], tables.top_of_5), multiply(d.byte[6], tables.top_of_6));
  for (size_t k = rabin_digest_bytes - 1; k > 0; --k) {
    d.byte[k] = xor3(d.byte[k - 1], multiply(top, tables.mod[k]), multiply(leaving, tables.out[k]));
  }
  d.byte[0] = xor3(in, multiply(top, tables.mod[0]), multiply(leaving, tables.out[0]));
}

SAPDR_SLICED inline Vector least_masked(Vector least, const Digests& d) {
  static_assert(candidate_mask == 0x0fffff);
  const Vector high = _mm512_and_si512(d.byte[2], _mm512_set1_epi8(0x0f));
  return _mm512_min_epu8(least, _mm512_ternarylogic_epi64(d.byte[0], d.byte[1], high, 0xfe));
}

SAPDR_SLICED inline Vector none() {
  return _mm512_set1_epi8(-1);
}

SAPDR_SLICED inline uint64_t zero_lanes(Vector vector) {
  return _mm512_testn_epi8_mask(vector, vector);
}

}  // namespace

}  // namespace sapdr::core

#include "chunking/rabin_sliced.hpp"

// avx512f is told only if the system keeps its registers.
sapdr::core::FirstCandidate* sapdr::core::rabin_gfni_kernel() {
  const bool is_supported = __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("gfni");
  return is_supported ? first_candidate_sliced : nullptr;
}

#else

sapdr::core::FirstCandidate* sapdr::core::rabin_gfni_kernel() {
  return nullptr;
}

#endif
