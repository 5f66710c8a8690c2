// Opening sealed blobs: MAC, decompression, SHA-256.
#pragma once

#include <functional>
#include <optional>

#include "repository/blob_index.hpp"
#include "repository/tools.hpp"

namespace sapdr::core {

// `out` becomes the plaintext; false if anything is wrong.
[[nodiscard]] bool open_blob(Tools& tools, const BlobPlace& place, ByteView sealed, Bytes& out);

struct SealedBlob {
  size_t number;  // the caller's
  BlobPlace place;
  ByteView sealed;
};

struct BlobsToOpen {
  // The next one, or none. Its bytes stay until it was taken.
  std::function<std::optional<SealedBlob>()> next;
  // `plain` is lent; null if anything is wrong with the blob. Not in the order of `next`.
  std::function<void(const SealedBlob& blob, const Bytes* plain)> take;
};

// Opens many, some of them at the same time: their hashes are computed side by side. Returns the
// SHA-256 of `beside`, which is hashed beside them: of the pack that they lie in.
Id open_blobs(Tools& tools, const BlobsToOpen& blobs, ByteView beside = {});

}  // namespace sapdr::core
