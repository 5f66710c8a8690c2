#include "checksum/sha256_blocks.hpp"

#include "base/error.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <utility>

namespace sapdr::core {

namespace {

// Only these functions are compiled for a processor that has the instructions. Inlined by force:
// with 16 registers for three lanes, every call would spill all of them.
#define SAPDR_SHA __attribute__((target("sha,sse4.1")))
#define SAPDR_SHA_INLINE SAPDR_SHA __attribute__((always_inline)) inline

alignas(16) constexpr uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The state as the instructions want it: a, b, e, f in one register, c, d, g, h in another.
struct Registers {
  __m128i abef, cdgh;
  __m128i words[4];  // the last 16 of the message schedule
};

SAPDR_SHA_INLINE void load_state(Registers& r, const std::array<uint32_t, 8>& state) {
  const __m128i abcd = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data()));
  const __m128i efgh = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data() + 4));
  const __m128i badc = _mm_shuffle_epi32(abcd, 0xB1);
  const __m128i hgfe = _mm_shuffle_epi32(efgh, 0x1B);
  r.abef = _mm_alignr_epi8(badc, hgfe, 8);
  r.cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
}

SAPDR_SHA_INLINE void store_state(const Registers& r, std::array<uint32_t, 8>& state) {
  const __m128i feba = _mm_shuffle_epi32(r.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(r.cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

SAPDR_SHA_INLINE void load_words(Registers& r, const std::byte* at) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (size_t i = 0; i < 4; ++i) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
    r.words[i] = _mm_shuffle_epi8(four, big_endian);
  }
}

// Four rounds, and what they need of the schedule for later ones; Group counts them from 0 to 15.
template <size_t Group>
SAPDR_SHA_INLINE void four_rounds(Registers& r) {
  __m128i& now = r.words[Group % 4];
  __m128i& next = r.words[(Group + 1) % 4];
  __m128i& before = r.words[(Group + 3) % 4];
  const auto* constants = reinterpret_cast<const __m128i*>(round_constants) + Group;
  const __m128i sum = _mm_add_epi32(now, _mm_load_si128(constants));
  r.cdgh = _mm_sha256rnds2_epu32(r.cdgh, r.abef, sum);
  if constexpr (Group >= 3 && Group < 15) {
    next = _mm_add_epi32(next, _mm_alignr_epi8(now, before, 4));
    next = _mm_sha256msg2_epu32(next, now);
  }
  r.abef = _mm_sha256rnds2_epu32(r.abef, r.cdgh, _mm_shuffle_epi32(sum, 0x0E));
  if constexpr (Group >= 1 && Group < 13) before = _mm_sha256msg1_epu32(before, now);
}

template <size_t Group, size_t N>
SAPDR_SHA_INLINE void four_rounds_of_all(Registers (&r)[N]) {
  four_rounds<Group>(r[0]);
  if constexpr (N > 1) four_rounds<Group>(r[1]);
  if constexpr (N > 2) four_rounds<Group>(r[2]);
}

template <size_t N, size_t... Groups>
SAPDR_SHA_INLINE void all_rounds(Registers (&r)[N], std::index_sequence<Groups...>) {
  (four_rounds_of_all<Groups>(r), ...);
}

template <size_t N>
SAPDR_SHA void compress(std::span<Sha256Lane* const> lanes, size_t blocks) {
  Registers r[N];
  for (size_t i = 0; i < N; ++i) load_state(r[i], lanes[i]->state);
  for (size_t block = 0; block < blocks; ++block) {
    __m128i abef[N], cdgh[N];
    for (size_t i = 0; i < N; ++i) {
      abef[i] = r[i].abef;
      cdgh[i] = r[i].cdgh;
      load_words(r[i], lanes[i]->at + 64 * block);
    }
    all_rounds(r, std::make_index_sequence<16>());
    for (size_t i = 0; i < N; ++i) {
      r[i].abef = _mm_add_epi32(r[i].abef, abef[i]);
      r[i].cdgh = _mm_add_epi32(r[i].cdgh, cdgh[i]);
    }
  }
  for (size_t i = 0; i < N; ++i) {
    store_state(r[i], lanes[i]->state);
    lanes[i]->at += 64 * blocks;
  }
}

}  // namespace

bool can_compress_blocks() {
  static const bool can = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    const bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
    return has_sha && __builtin_cpu_supports("sse4.1");
  }();
  return can;
}

void compress_blocks(std::span<Sha256Lane* const> lanes, size_t blocks) {
  switch (lanes.size()) {
    case 1:
      return compress<1>(lanes, blocks);
    case 2:
      return compress<2>(lanes, blocks);
    default:
      return compress<3>(lanes, blocks);
  }
}

}  // namespace sapdr::core

#else

namespace sapdr::core {

bool can_compress_blocks() {
  return false;
}

void compress_blocks(std::span<Sha256Lane* const>, size_t) {
  throw Error(Code::internal, "this processor has no instructions for SHA-256 that are known here");
}

}  // namespace sapdr::core

#endif
