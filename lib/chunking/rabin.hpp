// Where restic cuts: Rabin fingerprints over a window of 64 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "chunking/polynomial.hpp"

namespace sapdr::core {

inline constexpr size_t min_chunk = 512 * 1024;
inline constexpr size_t max_chunk = 8 * 1024 * 1024;

// A digest is less than the polynomial, whose degree is 53.
inline constexpr size_t rabin_digest_bytes = 7;

// An 8x8 matrix over GF(2) as GF2P8AFFINEQB takes it: the least significant byte is the row of bit
// 7 of the product, the most significant one that of bit 0; bit n of a row is what bit n of the
// argument adds to that bit of the product.
using BitMatrix = uint64_t;
// From a byte to a digest: a matrix for each byte of the digest, the least significant one first.
using DigestMatrices = std::array<BitMatrix, rabin_digest_bytes>;

// What each value of the lower and of the upper half of a byte adds to a byte of a digest.
struct NibbleTable {
  std::array<uint8_t, 16> low, high;
};
// From a byte to a digest: a table for each byte of the digest, the least significant one first.
using DigestNibbles = std::array<NibbleTable, rabin_digest_bytes>;

// The tables of one polynomial of degree 53; immutable, shared by threads.
struct RabinTables {
  explicit RabinTables(Polynomial polynomial);

  int shift;  // degree - 8: where the top byte of a digest begins
  std::array<uint64_t, 256> out;
  std::array<uint64_t, 256> mod;
  // The same tables, since they are linear.
  DigestMatrices out_matrices, mod_matrices;
  DigestNibbles out_nibbles, mod_nibbles;
};

// How cut points are searched; all find the same ones.
enum class RabinForm {
  automatic,    // the fastest one of this machine
  serial,       // one byte after the other
  interleaved,  // eight stretches of data side by side
  avx2,         // 32 stretches side by side
  gfni,         // 64 stretches side by side, with AVX-512 and GFNI
};

// The number of bytes from `begin` to the first place in (begin, begin + size] where a chunk may
// end; `no_candidate` if there is none. Reads the 64 bytes before `begin` too.
using FirstCandidate = size_t(const RabinTables& tables, const std::byte* begin, size_t size);
inline constexpr size_t no_candidate = SIZE_MAX;

// Finds the end of one chunk after the other. For one thread.
class RabinCutter {
 public:
  // Any form but `automatic` is for tests, and must be one that this machine runs.
  explicit RabinCutter(const RabinTables& tables, RabinForm form = RabinForm::automatic);

  // `data` begins where the current chunk begins and holds at least what it held in the last call.
  // Returns the size of the chunk once its end is in `data`, and starts the next one; 0 if more
  // data is needed. What is left at the end of the input is the last chunk.
  size_t scan(ByteView data);

  // Forgets the current chunk.
  void restart() { position_ = 0; }

 private:
  const RabinTables* tables_;
  FirstCandidate* first_candidate_;
  size_t position_ = 0;  // bytes of the chunk that were examined
};

}  // namespace sapdr::core
