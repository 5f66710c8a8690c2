// The byte-sliced search for candidates, for one kind of vector.
//
// A digest has seven bytes, so seven vectors hold the digests of as many stretches of data as a
// vector has bytes, which are its lanes: vector k has byte k of each. Shifting all digests by a
// byte is then to rename the vectors. The tables of a polynomial are linear over GF(2), so what a
// byte adds to a byte of a digest is found for all lanes at once.
//
// Whoever includes this, a source for one kind of processor, has defined before
//   SAPDR_SLICED                 the attribute of functions compiled for such a processor alone:
//                                the rest of the library runs on any
// and in sapdr::core, without a name for others,
//   Vector, lanes                the vector, and how many bytes it has
//   Tables, load(tables)         what slide() needs of a polynomial
//   load_rows(at, apart)         the 16 bytes at `at`, those `apart` behind them, and so on
//   unpack_low, unpack_high      bytes of two vectors in turn, 16 bytes of each by themselves
//   Digests, slide(...)          which slides each window by a byte
//   least_masked(least, digests) the least of what candidate_mask leaves of the digests so far:
//                                zero in the lanes that had a candidate
//   none(), zero_lanes(vector)   where to begin with that, and the lanes, a bit each, that have
//   zero
#include <algorithm>
#include <bit>
#include <utility>

#include "chunking/rabin_kernel.hpp"

namespace sapdr::core {

namespace {

// 64 bytes of each lane: while they slide in, those of the tile before slide out of the windows.
constexpr size_t tile_width = rabin_window;
constexpr size_t tile_bytes = lanes * tile_width;

// Of a stretch, which is what one lane has of a block. With more of them it is primed less often;
// with fewer, less was looked at in vain in later lanes when a candidate is found.
constexpr size_t max_tiles = 33;

constexpr uint64_t all_lanes = ~uint64_t{0} >> (64 - lanes);

// Transposed: column[i] has byte i of each lane.
struct Tile {
  Vector column[tile_width];
};

// As if 16 rows of 16 bytes were one deck of cards, cut in the middle and riffled, twice. Four
// riffles transpose it: each moves a bit of the row's number into that of the column. Each 16 bytes
// of the vectors are a deck of their own. Two riffles at a time, since four vectors stay in
// registers.
SAPDR_SLICED inline void riffle_twice(const Vector (&from)[16], Vector* to) {
  for (size_t i = 0; i < 4; ++i) {
    const Vector a = unpack_low(from[i], from[i + 8]);
    const Vector b = unpack_high(from[i], from[i + 8]);
    const Vector c = unpack_low(from[i + 4], from[i + 12]);
    const Vector d = unpack_high(from[i + 4], from[i + 12]);
    to[4 * i] = unpack_low(a, c);
    to[4 * i + 1] = unpack_high(a, c);
    to[4 * i + 2] = unpack_low(b, d);
    to[4 * i + 3] = unpack_high(b, d);
  }
}

// Lane n of the tile is what begins at `begin + n * stretch`.
SAPDR_SLICED inline void transpose(const std::byte* begin, size_t stretch, Tile& tile) {
  for (size_t column = 0; column < tile_width; column += 16) {
    Vector rows[16], half[16];
    for (size_t i = 0; i < 16; ++i) rows[i] = load_rows(begin + i * stretch + column, 16 * stretch);
    riffle_twice(rows, half);
    riffle_twice(half, tile.column + column);
  }
}

// Slides each window from the tile before to the whole of `tile`. Returns the lanes that had a
// candidate on the way; where is not looked for, since there hardly ever is one.
SAPDR_SLICED uint64_t slide_tile(Digests& digests, const Tile& before, const Tile& tile,
                                 const RabinTables& rabin) {
  const Tables tables = load(rabin);
  Digests d = digests;  // a copy stays in registers
  Vector least = none();
  for (size_t i = 0; i < tile_width; ++i) {
    slide(d, tile.column[i], before.column[i], tables);
    least = least_masked(least, d);
  }
  digests = d;
  return zero_lanes(least);
}

// The first candidate in as many stretches as there are lanes, one behind the other; their size is
// a multiple of a tile's.
SAPDR_SLICED size_t first_candidate_in_block(const RabinTables& rabin, const std::byte* begin,
                                             size_t stretch) {
  Tile tiles[2] = {};
  Tile* before = &tiles[0];
  Tile* tile = &tiles[1];
  Digests digests = {};
  // What is before each stretch primes its digest, with nothing but zeros leaving the window.
  transpose(begin - tile_width, stretch, *tile);
  slide_tile(digests, *before, *tile, rabin);

  size_t first = no_candidate;
  // Lanes before the one that has the first candidate so far: all others have only later ones.
  uint64_t open = all_lanes;
  for (size_t at = 0; at < stretch && open != 0; at += tile_width) {
    std::swap(before, tile);
    transpose(begin + at, stretch, *tile);
    const uint64_t hits = slide_tile(digests, *before, *tile, rabin) & open;
    if (hits == 0) continue;
    const int lane = std::countr_zero(hits);
    const size_t from = static_cast<size_t>(lane) * stretch + at;
    first = from + first_candidate_serial(rabin, begin + from, tile_width);
    open = (uint64_t{1} << lane) - 1;
  }
  return first;
}

size_t first_candidate_sliced(const RabinTables& rabin, const std::byte* begin, size_t size) {
  size_t done = 0;
  while (size - done >= tile_bytes) {
    // An odd number of tiles: stretches of an even one would fall on the same cache lines.
    const size_t tiles = std::min(max_tiles, (size - done) / tile_bytes - 1) | 1;
    const size_t found = first_candidate_in_block(rabin, begin + done, tiles * tile_width);
    if (found != no_candidate) return done + found;
    done += tiles * tile_bytes;
  }
  const size_t found = first_candidate_serial(rabin, begin + done, size - done);
  return found == no_candidate ? no_candidate : done + found;
}

}  // namespace

}  // namespace sapdr::core
