// Compression of blobs and of whole files: the seam where a codec is chosen.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"

namespace sapdr::core {

enum class Compression : int32_t { automatic = 0, off = 1, fastest = 2, max = 3, better = 4 };

// What data blobs may be compressed with, besides zstd. A repository has it from its beginning.
enum class BlobCodec : int32_t { zstd = 0, tensor = 1 };

// zstd, and the tensor codec, with contexts that are kept between calls. For one thread at a time.
class Codec {
 public:
  explicit Codec(Compression compression, BlobCodec blob_codec = BlobCodec::zstd);
  ~Codec();
  Codec(Codec&&) noexcept;
  Codec& operator=(Codec&&) = delete;

  // Compresses `plain` into `out`, which is resized. False if compression is off, which it never is
  // for metadata, or `plain` would not become smaller; `out` is unspecified then. `is_metadata`:
  // trees and other JSON.
  bool compress(ByteView plain, bool is_metadata, Bytes& out);

  // Exactly out.size() bytes must come out, else false. Never writes more, whatever the input says.
  [[nodiscard]] bool decompress(ByteView packed, ByteSpan out);

  // For input that does not say how big it becomes; at most `limit` bytes, else false.
  [[nodiscard]] bool decompress_unknown(ByteView packed, size_t limit, Bytes& out);

 private:
  friend Bytes encode_unpacked(Codec&, uint32_t, std::string_view);
  struct State;
  std::unique_ptr<State> state_;
};

// Files that are not packs (snapshots, indexes, locks) in version 2 begin with a byte: '{' or '['
// is plain JSON, 2 is zstd. `limit` bounds what comes out. Throw Code::corrupt; `what` names the
// object.
Bytes encode_unpacked(Codec& codec, uint32_t repository_version, std::string_view json);
Bytes decode_unpacked(Codec& codec, ByteView stored, size_t limit, std::string_view what);

}  // namespace sapdr::core
