// Blobs: what packs hold and what the index finds.
#pragma once

#include "base/id.hpp"

namespace sapdr::core {

// Nobody stores bigger blobs; what claims to be one is not believed.
inline constexpr uint32_t max_blob_size = 128 * 1024 * 1024;

enum class BlobType : uint8_t { data = 0, tree = 1 };

const char* to_string(BlobType type);

// A blob as it lies in a pack.
struct PackedBlob {
  Id id;
  BlobType type = BlobType::data;
  uint32_t offset = 0;
  uint32_t length = 0;        // as stored: sealed, maybe compressed
  uint32_t plain_length = 0;  // before compression; 0: not compressed

  bool is_compressed() const { return plain_length != 0; }
  bool operator==(const PackedBlob&) const = default;
};

}  // namespace sapdr::core
