// The compression function of SHA-256 over blocks of 64 bytes, of up to three messages in
// lock-step, with the instructions that x86-64 has for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sapdr::core {

// A message on its way: the state of its hash, and where its next block lies.
struct Sha256Lane {
  std::array<uint32_t, 8> state;  // a to h
  const std::byte* at;
};

// Whether this processor has what compress_blocks needs.
bool can_compress_blocks();

// Takes `blocks` blocks of each lane; one to three lanes.
void compress_blocks(std::span<Sha256Lane* const> lanes, size_t blocks);

}  // namespace sapdr::core
