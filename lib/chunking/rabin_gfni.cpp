// The form for processors with AVX-512 and GFNI: 64 stretches of data side by side, byte-sliced.
//
// A digest has seven bytes, so seven vectors hold 64 digests: vector k has byte k of each. Shifting
// all digests by a byte is then to rename the vectors. The tables of a polynomial are linear over
// GF(2), so a byte of a table's entry is an 8x8 bit matrix times the index: one instruction for 64
// of them.
#include "chunking/rabin_kernel.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace sapdr::core {

namespace {

// Only these functions are compiled for such a processor: the rest of the library runs on any.
#define SAPDR_AVX512_GFNI __attribute__((target("avx512f,avx512bw,gfni")))

constexpr size_t lanes = 64;
constexpr size_t digest_bytes = rabin_digest_bytes;

// 64 bytes of each lane: while they slide in, those of the tile before slide out of the windows.
constexpr size_t tile_width = rabin_window;
constexpr size_t tile_bytes = lanes * tile_width;

// Of a stretch, which is what one lane has of a block. With more of them it is primed less often;
// with fewer, less was looked at in vain in later lanes when a candidate is found.
constexpr size_t max_tiles = 33;

// What bytes 5 and 6 of a digest have of its top byte, bits 45 to 52: shifts by 5 to the right and
// by 3 to the left. `BitMatrix` says how bits are ordered.
constexpr BitMatrix identity = 0x0102040810204080;
constexpr BitMatrix top_of_byte_5 = identity << 8 * 5;
constexpr BitMatrix top_of_byte_6 = identity >> 8 * 3;

// Transposed: column[i] has byte i of each lane.
struct Tile {
  __m512i column[tile_width];
};

// byte[k] has byte k of each lane's digest.
struct Digests {
  __m512i byte[digest_bytes];
};

struct Matrices {
  __m512i out[digest_bytes];
  __m512i mod[digest_bytes];
  __m512i top_of_5, top_of_6;
};

SAPDR_AVX512_GFNI inline Matrices load(const RabinTables& tables) {
  Matrices m;
  for (size_t k = 0; k < digest_bytes; ++k) {
    m.out[k] = _mm512_set1_epi64(static_cast<int64_t>(tables.out_matrices[k]));
    m.mod[k] = _mm512_set1_epi64(static_cast<int64_t>(tables.mod_matrices[k]));
  }
  m.top_of_5 = _mm512_set1_epi64(static_cast<int64_t>(top_of_byte_5));
  m.top_of_6 = _mm512_set1_epi64(static_cast<int64_t>(top_of_byte_6));
  return m;
}

SAPDR_AVX512_GFNI inline __m512i multiply(__m512i bytes, __m512i matrix) {
  return _mm512_gf2p8affine_epi64_epi8(bytes, matrix, 0);
}

SAPDR_AVX512_GFNI inline __m512i xor3(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

inline const __m128i* row(const std::byte* at) {
  return reinterpret_cast<const __m128i*>(at);
}

// 16 bytes of each of four lanes that are 16 lanes apart.
SAPDR_AVX512_GFNI inline __m512i load_quarters(const std::byte* at, size_t stretch) {
  const size_t apart = lanes / 4 * stretch;
  __m512i quarters = _mm512_castsi128_si512(_mm_loadu_si128(row(at)));
  quarters = _mm512_inserti32x4(quarters, _mm_loadu_si128(row(at + apart)), 1);
  quarters = _mm512_inserti32x4(quarters, _mm_loadu_si128(row(at + 2 * apart)), 2);
  return _mm512_inserti32x4(quarters, _mm_loadu_si128(row(at + 3 * apart)), 3);
}

// As if 16 rows of 16 bytes were one deck of cards, cut in the middle and riffled. Four riffles
// transpose it: each moves a bit of the row's number into that of the column. The quarters of the
// vectors are four decks of their own.
SAPDR_AVX512_GFNI inline void riffle(const __m512i (&from)[16], __m512i (&to)[16]) {
  for (size_t i = 0; i < 8; ++i) {
    to[2 * i] = _mm512_unpacklo_epi8(from[i], from[i + 8]);
    to[2 * i + 1] = _mm512_unpackhi_epi8(from[i], from[i + 8]);
  }
}

// Lane n of the tile is what begins at `begin + n * stretch`.
SAPDR_AVX512_GFNI inline void transpose(const std::byte* begin, size_t stretch, Tile& tile) {
  for (size_t column = 0; column < tile_width; column += 16) {
    __m512i a[16], b[16];
    for (size_t i = 0; i < 16; ++i) a[i] = load_quarters(begin + i * stretch + column, stretch);
    riffle(a, b);
    riffle(b, a);
    riffle(a, b);
    riffle(b, a);
    for (size_t i = 0; i < 16; ++i) tile.column[column + i] = a[i];
  }
}

// Slides each window by a byte. The digest is shifted, reduced by what was its top byte, and rid of
// what the leaving byte was worth.
SAPDR_AVX512_GFNI inline void slide(Digests& d, __m512i in, __m512i leaving, const Matrices& m) {
  const __m512i top =
      _mm512_xor_si512(multiply(d.byte[5], m.top_of_5), multiply(d.byte[6], m.top_of_6));
  for (size_t k = digest_bytes - 1; k > 0; --k) {
    d.byte[k] = xor3(d.byte[k - 1], multiply(top, m.mod[k]), multiply(leaving, m.out[k]));
  }
  d.byte[0] = xor3(in, multiply(top, m.mod[0]), multiply(leaving, m.out[0]));
}

// Zero in the lanes in which the masked bits of the digest are.
SAPDR_AVX512_GFNI inline __m512i masked(const Digests& d) {
  static_assert(candidate_mask == 0x0fffff);
  const __m512i high = _mm512_and_si512(d.byte[2], _mm512_set1_epi8(0x0f));
  return _mm512_ternarylogic_epi64(d.byte[0], d.byte[1], high, 0xfe);
}

// Slides each window from the tile before to the whole of `tile`. Returns the lanes that had a
// candidate on the way; where is not looked for, since there hardly ever is one.
SAPDR_AVX512_GFNI uint64_t slide_tile(Digests& digests, const Tile& before, const Tile& tile,
                                      const RabinTables& tables) {
  const Matrices matrices = load(tables);
  Digests d = digests;  // a copy stays in registers
  __m512i least = _mm512_set1_epi8(-1);
  for (size_t i = 0; i < tile_width; ++i) {
    slide(d, tile.column[i], before.column[i], matrices);
    least = _mm512_min_epu8(least, masked(d));
  }
  digests = d;
  return _mm512_testn_epi8_mask(least, least);
}

// The first candidate in 64 stretches, one behind the other; their size is a multiple of a tile's.
SAPDR_AVX512_GFNI size_t first_candidate_in_block(const RabinTables& tables, const std::byte* begin,
                                                  size_t stretch) {
  Tile tiles[2] = {};
  Tile* before = &tiles[0];
  Tile* tile = &tiles[1];
  Digests digests = {};
  // What is before each stretch primes its digest, with nothing but zeros leaving the window.
  transpose(begin - tile_width, stretch, *tile);
  slide_tile(digests, *before, *tile, tables);

  size_t first = no_candidate;
  // Lanes before the one that has the first candidate so far: all others have only later ones.
  uint64_t open = ~uint64_t{0};
  for (size_t at = 0; at < stretch && open != 0; at += tile_width) {
    std::swap(before, tile);
    transpose(begin + at, stretch, *tile);
    const uint64_t hits = slide_tile(digests, *before, *tile, tables) & open;
    if (hits == 0) continue;
    const int lane = std::countr_zero(hits);
    const size_t from = static_cast<size_t>(lane) * stretch + at;
    first = from + first_candidate_serial(tables, begin + from, tile_width);
    open = (uint64_t{1} << lane) - 1;
  }
  return first;
}

size_t first_candidate_vector(const RabinTables& tables, const std::byte* begin, size_t size) {
  size_t done = 0;
  while (size - done >= tile_bytes) {
    // An odd number of tiles: stretches of an even one would fall on the same cache lines.
    const size_t tiles = std::min(max_tiles, (size - done) / tile_bytes - 1) | 1;
    const size_t found = first_candidate_in_block(tables, begin + done, tiles * tile_width);
    if (found != no_candidate) return done + found;
    done += tiles * tile_bytes;
  }
  const size_t found = first_candidate_serial(tables, begin + done, size - done);
  return found == no_candidate ? no_candidate : done + found;
}

}  // namespace

// avx512f is told only if the system keeps its registers.
FirstCandidate* rabin_vector_kernel() {
  const bool is_supported = __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("gfni");
  return is_supported ? first_candidate_vector : nullptr;
}

}  // namespace sapdr::core

#else

namespace sapdr::core {

FirstCandidate* rabin_vector_kernel() {
  return nullptr;
}

}  // namespace sapdr::core

#endif
