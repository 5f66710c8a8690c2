#include "repository/pack_reader.hpp"

#include <algorithm>

#include "format/pack.hpp"
#include "repository/open_blobs.hpp"

namespace sapdr::core {

namespace {

// Bigger than any pack that a program writes.
constexpr uint64_t max_pack_size = 1024ULL * 1024 * 1024;

// The length of the sealed header; `end` are the last bytes of a pack of `size` bytes.
size_t header_length(ByteView end, uint64_t size, std::string_view what) {
  if (size < pack_length_size + seal_overhead) {
    throw Error(Code::corrupt, std::string(what) + " is too short to be a pack");
  }
  const size_t length = load_le<uint32_t>(end.data() + end.size() - pack_length_size);
  if (length < seal_overhead || length > max_pack_header || length > size - pack_length_size) {
    throw Error(Code::corrupt, std::string(what) + " has a header of impossible length");
  }
  return length;
}

std::vector<PackedBlob> open_header(Tools& tools, ByteView sealed, uint64_t data_size,
                                    std::string_view what) {
  Bytes& plain = tools.plain.front();
  plain.resize(sealed.size() - seal_overhead);
  if (!tools.cipher.open(sealed, plain)) {
    throw Error(Code::corrupt, std::string(what) + " has a header that does not open");
  }
  return parse_pack_header(plain, data_size, what);
}

std::vector<PackedBlob> read_header(Tools& tools, ByteView pack, std::string_view what) {
  const size_t length = header_length(pack, pack.size(), what);
  const size_t data_size = pack.size() - pack_length_size - length;
  return open_header(tools, pack.subspan(data_size, length), data_size, what);
}

bool is_in(const std::vector<PackedBlob>& header, const BlobPlace& place) {
  return std::any_of(header.begin(), header.end(), [&](const PackedBlob& blob) {
    return blob.id == place.id && blob.type == place.type && blob.offset == place.offset &&
           blob.length == place.length;
  });
}

void prove_header(Tools& tools, ByteView pack, const std::vector<BlobPlace>& expected,
                  const std::string& what, PackReport& report) {
  try {
    const std::vector<PackedBlob> header = read_header(tools, pack, what);
    const bool all_named =
        std::all_of(expected.begin(), expected.end(),
                    [&](const BlobPlace& place) { return is_in(header, place); });
    if (!all_named) report.problems.push_back(what + " has a header that differs from the index");
  } catch (const Error& error) {
    report.problems.push_back(error.message());
  }
}

// Returns the hash of the pack.
Id prove_blobs(Tools& tools, ByteView pack, const std::vector<BlobPlace>& expected,
               const std::string& what, PackReport& report) {
  const auto damaged = [&](const BlobPlace& place) {
    report.problems.push_back(std::string(to_string(place.type)) + " blob " + place.id.hex() +
                              " in " + what + " is damaged");
    report.damaged.push_back(place);
  };
  size_t at = 0;
  const auto next = [&]() -> std::optional<SealedBlob> {
    for (; at < expected.size(); ++at) {
      const BlobPlace& place = expected[at];
      if (uint64_t{place.offset} + place.length <= pack.size()) {
        return SealedBlob{at++, place, pack.subspan(place.offset, place.length)};
      }
      damaged(place);
    }
    return std::nullopt;
  };
  const auto take = [&](const SealedBlob& blob, const Bytes* plain) {
    if (plain == nullptr) damaged(blob.place);
  };
  return open_blobs(tools, {next, take}, pack);
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

std::vector<PackedBlob> read_pack_header(Repository& repository, const Id& pack, uint64_t size) {
  const FileName name{FileType::pack, pack.hex()};
  const std::string what = to_string(name);
  // Most headers are shorter than this: one request.
  constexpr uint64_t first_guess = 16 * 1024;
  Bytes end(std::min(size, first_guess));
  repository.backend().load(name, size - end.size(), end);
  const size_t length = header_length(end, size, what);
  if (length + pack_length_size > end.size()) {
    end.resize(length + pack_length_size);
    repository.backend().load(name, size - end.size(), end);
  }
  const ByteView sealed = ByteView(end).subspan(end.size() - pack_length_size - length, length);
  return open_header(*repository.tools().lend(), sealed, size - pack_length_size - length, what);
}

namespace {

PackReport read_once(Repository& repository, const Id& pack,
                     const std::vector<BlobPlace>& expected) {
  PackReport report;
  const FileName name{FileType::pack, pack.hex()};
  const std::string what = to_string(name);
  Bytes data;
  try {
    data = repository.backend().load_all(name, max_pack_size);
  } catch (const Error& error) {
    if (error.code() != Code::not_found && error.code() != Code::corrupt) throw;
    report.problems.push_back(error.message());
    report.damaged = expected;
    return report;
  }
  report.bytes = data.size();
  const Slots::Lease decoder(repository.decoders());
  auto tools = repository.tools().lend();
  prove_header(*tools, data, expected, what, report);
  if (prove_blobs(*tools, data, expected, what, report) != pack) {
    report.problems.insert(report.problems.begin(), what + " has other content than its name says");
  }
  return report;
}

}  // namespace

PackReport read_pack(Repository& repository, const Id& pack,
                     const std::vector<BlobPlace>& expected) {
  PackReport report = read_once(repository, pack, expected);
  if (report.problems.empty()) return report;
  PackReport again = read_once(repository, pack, expected);
  if (again.problems.empty()) {
    repository.context().log(
        LogLevel::warning, "repository",
        report.problems.front() + ": it was on the way, read again it is right");
  }
  again.bytes += report.bytes;
  return again;
}

}  // namespace sapdr::core
