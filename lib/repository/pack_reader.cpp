#include "repository/pack_reader.hpp"

#include <algorithm>

#include "checksum/sha256.hpp"
#include "format/pack.hpp"

namespace sapdr::core {

namespace {

// Bigger than any pack that a program writes.
constexpr uint64_t max_pack_size = 1024ULL * 1024 * 1024;

std::vector<PackedBlob> read_header(Tools& tools, ByteView pack, std::string_view what) {
  if (pack.size() < pack_length_size + seal_overhead) {
    throw Error(Code::corrupt, std::string(what) + " is too short to be a pack");
  }
  const size_t length = load_le32(pack.data() + pack.size() - pack_length_size);
  if (length < seal_overhead || length > max_pack_header ||
      length > pack.size() - pack_length_size) {
    throw Error(Code::corrupt, std::string(what) + " has a header of impossible length");
  }
  const size_t data_size = pack.size() - pack_length_size - length;
  tools.plain.resize(length - seal_overhead);
  if (!tools.cipher.open(pack.subspan(data_size, length), tools.plain)) {
    throw Error(Code::corrupt, std::string(what) + " has a header that does not open");
  }
  return parse_pack_header(tools.plain, data_size, what);
}

bool is_in(const std::vector<PackedBlob>& header, const BlobPlace& place) {
  return std::any_of(header.begin(), header.end(), [&](const PackedBlob& blob) {
    return blob.id == place.id && blob.type == place.type && blob.offset == place.offset &&
           blob.length == place.length;
  });
}

}  // namespace

uint64_t expected_pack_size(const std::vector<BlobPlace>& blobs) {
  uint64_t size = pack_length_size + seal_overhead;
  for (const BlobPlace& blob : blobs) {
    // Type, length and id; the plaintext length only of compressed blobs.
    size += blob.length + 1 + 4 + 32 + (blob.compressed ? 4 : 0);
  }
  return size;
}

PackReport read_pack(Repository& repository, const Id& pack,
                     const std::vector<BlobPlace>& expected) {
  PackReport report;
  const FileName name{FileType::pack, pack.hex()};
  const std::string what = to_string(name);
  Bytes data;
  try {
    data = load_all(repository.backend(), name, max_pack_size);
  } catch (const Error& error) {
    if (error.code() != Code::not_found && error.code() != Code::corrupt) throw;
    report.problems.push_back(error.message());
    report.damaged = expected;
    return report;
  }
  report.bytes = data.size();
  if (sha256(data) != pack) {
    report.problems.push_back(what + " has other content than its name says");
  }
  auto tools = repository.tools().lend();
  try {
    const std::vector<PackedBlob> header = read_header(*tools, data, what);
    const bool all_named =
        std::all_of(expected.begin(), expected.end(),
                    [&](const BlobPlace& place) { return is_in(header, place); });
    if (!all_named) report.problems.push_back(what + " has a header that differs from the index");
  } catch (const Error& error) {
    report.problems.push_back(error.message());
  }
  Bytes plain;
  for (const BlobPlace& place : expected) {
    const bool inside = uint64_t{place.offset} + place.length <= data.size();
    if (inside &&
        open_blob(*tools, place, ByteView(data).subspan(place.offset, place.length), plain)) {
      continue;
    }
    report.problems.push_back(std::string(to_string(place.type)) + " blob " + place.id.hex() +
                              " in " + what + " is damaged");
    report.damaged.push_back(place);
  }
  return report;
}

}  // namespace sapdr::core
