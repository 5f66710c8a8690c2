// The tensor codec: numbers of two or four bytes, as weights are, are taken apart into planes, one
// for each byte of a number, and only the planes that gain by it are compressed. docs/FORMAT.md has
// the format.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "format/zstd.hpp"

namespace sapdr::core {

// The first byte of what Planes writes; a zstd frame begins with another one.
inline constexpr std::byte planes_marker{0x54};

// How numbers lie in a blob.
struct PlaneLayout {
  uint8_t width;  // bytes of a number, little-endian: 2 or 4
  uint8_t lead;   // bytes before the first number; blobs may begin inside of one
  uint8_t coded;  // a bit for each plane, the lowest one for the most significant: worth coding

  bool operator==(const PlaneLayout&) const = default;
};

// Contexts and memory for one thread.
class Planes {
 public:
  Planes();

  // Looks at samples of `plain`; none if it does not look like numbers that gain by it.
  std::optional<PlaneLayout> guess(ByteView plain);

  // Writes at most out.size() bytes and returns how many; 0 if that is not enough.
  size_t encode(ByteView plain, const PlaneLayout& layout, ByteSpan out);

  // Exactly out.size() bytes must come out, else false.
  [[nodiscard]] bool decode(ByteView packed, ByteSpan out);

 private:
  Compressor huffman_ = make_compressor();
  Compressor zstd_ = make_compressor();
  Decompressor decoder_ = make_decompressor();
  Bytes planes_;
};

}  // namespace sapdr::core
