// Where restic cuts: Rabin fingerprints over a window of 64 bytes.
#pragma once

#include <array>
#include <memory>

#include "chunking/polynomial.hpp"

namespace sapdr::core {

inline constexpr size_t min_chunk = 512 * 1024;
inline constexpr size_t max_chunk = 8 * 1024 * 1024;

// The tables of one polynomial; immutable, shared by threads.
struct RabinTables {
  explicit RabinTables(Polynomial polynomial);

  int shift;  // degree - 8: where the top byte of a digest begins
  std::array<uint64_t, 256> out;
  std::array<uint64_t, 256> mod;
};

// Finds the end of one chunk after the other. For one thread.
class RabinCutter {
 public:
  explicit RabinCutter(const RabinTables& tables) : tables_(&tables) {}

  // `data` begins where the current chunk begins and holds at least what it held in the last call.
  // Returns the size of the chunk once its end is in `data`, and starts the next one; 0 if more
  // data is needed. What is left at the end of the input is the last chunk.
  size_t scan(ByteView data);

  // Forgets the current chunk.
  void restart() { position_ = 0; }

 private:
  const RabinTables* tables_;
  size_t position_ = 0;  // bytes of the chunk that were examined
};

}  // namespace sapdr::core
