#include "format/pack.hpp"

#include <limits>
#include <string>

#include "base/error.hpp"
#include "crypto/cipher.hpp"

namespace sapdr::core {

namespace {

// An entry: type (1 byte; bit 0: tree, bit 1: compressed), length as stored (4), length before
// compression (4, only if compressed), id (32).
constexpr unsigned tree_bit = 1;
constexpr unsigned compressed_bit = 2;
constexpr size_t plain_entry_size = 37;
constexpr size_t compressed_entry_size = 41;

}  // namespace

Bytes encode_pack_header(const std::vector<PackedBlob>& blobs) {
  Bytes out;
  out.reserve(blobs.size() * compressed_entry_size);
  const auto append32 = [&](uint32_t value) {
    out.resize(out.size() + 4);
    store_le<uint32_t>(out.data() + out.size() - 4, value);
  };
  for (const PackedBlob& blob : blobs) {
    out.push_back(static_cast<std::byte>((blob.type == BlobType::tree ? tree_bit : 0) |
                                         (blob.is_compressed() ? compressed_bit : 0)));
    append32(blob.length);
    if (blob.is_compressed()) append32(blob.plain_length);
    out.insert(out.end(), blob.id.bytes.begin(), blob.id.bytes.end());
  }
  return out;
}

std::vector<PackedBlob> parse_pack_header(ByteView header, uint64_t data_size,
                                          std::string_view what) {
  const auto fail = [&](const char* problem) {
    return Error(Code::corrupt, std::string(what).append(": its header ").append(problem));
  };
  if (header.size() > max_pack_header) throw fail("is larger than 16 MiB");
  if (data_size > std::numeric_limits<uint32_t>::max()) throw fail("stands after more than 4 GiB");

  std::vector<PackedBlob> blobs;
  blobs.reserve(header.size() / plain_entry_size);
  uint64_t offset = 0;
  while (!header.empty()) {
    const auto type = std::to_integer<unsigned>(header[0]);
    if (type > (tree_bit | compressed_bit)) throw fail("names an unknown type of blob");
    const bool is_compressed = (type & compressed_bit) != 0;
    const size_t entry_size = is_compressed ? compressed_entry_size : plain_entry_size;
    if (header.size() < entry_size) throw fail("ends in the middle of an entry");

    PackedBlob blob;
    blob.type = (type & tree_bit) != 0 ? BlobType::tree : BlobType::data;
    blob.offset = static_cast<uint32_t>(offset);
    blob.length = load_le<uint32_t>(&header[1]);
    if (is_compressed) blob.plain_length = load_le<uint32_t>(&header[5]);
    std::memcpy(blob.id.bytes.data(), &header[entry_size - 32], 32);
    if (blob.length < seal_overhead) throw fail("names a blob that is too short to be one");
    if (is_compressed && blob.plain_length == 0) throw fail("names a compressed blob of no bytes");
    offset += blob.length;
    if (offset > data_size) throw fail("names blobs past the end of the pack's data");
    blobs.push_back(blob);
    header = header.subspan(entry_size);
  }
  if (offset != data_size) throw fail("does not account for all of the pack's data");
  return blobs;
}

}  // namespace sapdr::core
