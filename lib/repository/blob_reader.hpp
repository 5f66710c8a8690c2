// Reading many blobs: pack by pack, neighbours in one range, several ranges at once.
#pragma once

#include <functional>
#include <vector>

#include "repository/repository.hpp"

namespace sapdr::core {

// Borrowed for the duration of the call.
struct LoadedBlob {
  BlobPlace place;  // where this copy lies
  ByteView sealed;  // as stored
  ByteView plain;   // proven by MAC and SHA-256
};

// Reads the blobs at `places`, in the order of packs and offsets, and calls `visit` with each from
// several threads. A blob that is not right at its place is looked for elsewhere. Calls `damaged`,
// also from several threads, for one of which no copy is right; throws Code::corrupt if there is
// none.
using BlobVisitor = std::function<void(const LoadedBlob& blob)>;
using DamageVisitor = std::function<void(const BlobPlace& place, const Error& error)>;
void read_blobs(Repository& repository, std::vector<BlobPlace> places, const BlobVisitor& visit,
                Progress& progress, const DamageVisitor& damaged = {});

}  // namespace sapdr::core
