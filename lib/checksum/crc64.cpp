#include "checksum/crc64.hpp"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sapdr::core {

namespace {

// The polynomial with its bits reversed: bit i stands for x^(63-i), here and everywhere below.
constexpr uint64_t polynomial = 0x9a6c9329ac4bc9b5;

constexpr uint64_t times_x(uint64_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
}

using Tables = std::array<std::array<uint64_t, 256>, 8>;

// tables[n][b] is what byte b contributes when n further bytes of the same eight follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = times_x(value);
    tables[0][byte] = value;
  }
  for (size_t n = 1; n < tables.size(); ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t value = tables[n - 1][byte];
      tables[n][byte] = (value >> 8) ^ tables[0][value & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

uint64_t update_by_table(uint64_t state, ByteView data) {
  while (data.size() >= 8) {
    state ^= load_le<uint64_t>(data.data());
    uint64_t next = 0;
    for (size_t n = 0; n < 8; ++n) next ^= tables[7 - n][(state >> 8 * n) & 0xff];
    state = next;
    data = data.subspan(8);
  }
  for (const std::byte byte : data) {
    state = (state >> 8) ^ tables[0][(state ^ static_cast<uint64_t>(byte)) & 0xff];
  }
  return state;
}

#if defined(__x86_64__)

#define SAPDR_PCLMUL __attribute__((target("pclmul,sse4.1")))

constexpr uint64_t power_of_x(unsigned exponent) {
  uint64_t value = uint64_t{1} << 63;
  for (unsigned i = 0; i < exponent; ++i) value = times_x(value);
  return value;
}

// Carries 128 bits over `bits` further ones: the product of two reversed numbers is one x too high,
// hence the 1 that is missing in each exponent.
template <unsigned bits>
SAPDR_PCLMUL __m128i carry(__m128i value) {
  constexpr auto high = static_cast<long long>(power_of_x(bits + 63));
  constexpr auto low = static_cast<long long>(power_of_x(bits - 1));
  const __m128i factors = _mm_set_epi64x(low, high);
  return _mm_xor_si128(_mm_clmulepi64_si128(value, factors, 0x00),
                       _mm_clmulepi64_si128(value, factors, 0x11));
}

SAPDR_PCLMUL __m128i load(const std::byte* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

constexpr size_t block = 64;

// Four lanes of 16 bytes side by side; what they come to has the same remainder as all of it had.
SAPDR_PCLMUL uint64_t update_by_pclmul(uint64_t state, ByteView data) {
  const std::byte* at = data.data();
  __m128i lanes[4];
  for (int i = 0; i < 4; ++i) lanes[i] = load(at + 16 * i);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<long long>(state)));
  size_t left = data.size() - block;
  for (at += block; left >= block; at += block, left -= block) {
    for (int i = 0; i < 4; ++i) {
      lanes[i] = _mm_xor_si128(carry<8 * block>(lanes[i]), load(at + 16 * i));
    }
  }
  __m128i all = lanes[0];
  for (int i = 1; i < 4; ++i) all = _mm_xor_si128(carry<128>(all), lanes[i]);
  std::array<std::byte, 16> rest;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), all);
  return update_by_table(update_by_table(0, rest), {at, left});
}

bool has_pclmul() {
  static const bool has = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  return has;
}

uint64_t update(uint64_t state, ByteView data) {
  return data.size() >= 2 * block && has_pclmul() ? update_by_pclmul(state, data)
                                                  : update_by_table(state, data);
}

#else

uint64_t update(uint64_t state, ByteView data) {
  return update_by_table(state, data);
}

#endif

}  // namespace

uint64_t crc64(ByteView data, uint64_t before) {
  return ~update(~before, data);
}

uint64_t crc64_by_table(ByteView data, uint64_t before) {
  return ~update_by_table(~before, data);
}

}  // namespace sapdr::core
