#include "repository/open_blobs.hpp"

#include <array>

#include "checksum/sha256.hpp"
#include "checksum/sha256_lanes.hpp"

namespace sapdr::core {

namespace {

// All but the hash.
bool unseal(Tools& tools, const BlobPlace& place, ByteView sealed, Bytes& out) {
  if (sealed.size() != place.length || sealed.size() < seal_overhead) return false;
  if (place.plain_length > max_blob_size) return false;
  if (!place.compressed && place.plain_length != sealed.size() - seal_overhead) return false;
  out.resize(place.plain_length);
  if (!place.compressed) return tools.cipher.open(sealed, out);
  tools.packed.resize(sealed.size() - seal_overhead);
  return tools.cipher.open(sealed, tools.packed) && tools.codec.decompress(tools.packed, out);
}

}  // namespace

bool open_blob(Tools& tools, const BlobPlace& place, ByteView sealed, Bytes& out) {
  return unseal(tools, place, sealed, out) && sha256(out) == place.id;
}

Id open_blobs(Tools& tools, const BlobsToOpen& blobs, ByteView beside) {
  std::array<SealedBlob, sha256_lanes> in_lane{};
  std::optional<size_t> lane_beside;
  bool is_beside_begun = beside.empty();
  Id hash_beside;
  const auto next = [&](size_t lane) -> std::optional<ByteView> {
    if (!is_beside_begun) {
      is_beside_begun = true;
      lane_beside = lane;
      return beside;
    }
    while (const std::optional<SealedBlob> blob = blobs.next()) {
      in_lane[lane] = *blob;
      if (unseal(tools, blob->place, blob->sealed, tools.plain[lane])) return tools.plain[lane];
      blobs.take(*blob, nullptr);
    }
    return std::nullopt;
  };
  const auto take = [&](size_t lane, const Id& hash) {
    if (lane == lane_beside) {
      lane_beside.reset();
      hash_beside = hash;
      return;
    }
    const SealedBlob& blob = in_lane[lane];
    blobs.take(blob, hash == blob.place.id ? &tools.plain[lane] : nullptr);
  };
  sha256_in_lanes({next, take});
  return hash_beside;
}

}  // namespace sapdr::core
