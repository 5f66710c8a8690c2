#include "format/pack.hpp"

#include "crypto/cipher.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

std::vector<PackedBlob> two_blobs() {
  PackedBlob plain;
  plain.id = *Id::parse("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
  plain.length = 100;
  PackedBlob compressed;
  compressed.id = *Id::parse("ff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
  compressed.type = BlobType::tree;
  compressed.offset = 100;
  compressed.length = 0x1234;
  compressed.plain_length = 0x56789a;
  return {plain, compressed};
}

constexpr uint64_t two_blobs_size = 100 + 0x1234;

std::string encoded(const std::vector<PackedBlob>& blobs) {
  return std::string(as_text(encode_pack_header(blobs)));
}

Code code_of_parse(std::string_view header, uint64_t data_size) {
  return code_of([&] { parse_pack_header(as_bytes(header), data_size, "pack 0123abcd"); });
}

}  // namespace

TEST_CASE("pack header: known bytes") {
  const std::string id =
      hex_to_bytes("02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
  CHECK(encoded(two_blobs()) ==
        S("\x00\x64\x00\x00\x00\x01") + id + S("\x03\x34\x12\x00\x00\x9a\x78\x56\x00\xff") + id);
  CHECK(parse_pack_header(encode_pack_header(two_blobs()), two_blobs_size, "test") == two_blobs());
}

TEST_CASE("pack header: random blobs come back with their offsets") {
  Random random;
  for (int round = 0; round < 50; ++round) {
    std::vector<PackedBlob> blobs(random.below(40));
    uint32_t offset = 0;
    for (PackedBlob& blob : blobs) {
      blob.id = random.id();
      blob.type = random.below(2) == 0 ? BlobType::data : BlobType::tree;
      blob.offset = offset;
      blob.length = static_cast<uint32_t>(seal_overhead + random.below(1 << 20));
      blob.plain_length = static_cast<uint32_t>(random.below(2) == 0 ? 0 : random.below(1 << 23));
      offset += blob.length;
    }
    REQUIRE(parse_pack_header(encode_pack_header(blobs), offset, "test") == blobs);
  }
}

TEST_CASE("pack header: rejects a length past the end") {
  const std::string header = encoded(two_blobs());
  CHECK(code_of_parse(header, two_blobs_size - 1) == Code::corrupt);
  CHECK(code_of_parse(header, 0) == Code::corrupt);
}

TEST_CASE("pack header: rejects data that no entry accounts for") {
  CHECK(code_of_parse(encoded(two_blobs()), two_blobs_size + 1) == Code::corrupt);
  CHECK(code_of_parse("", 1) == Code::corrupt);
}

TEST_CASE("pack header: rejects lengths whose sum overflows") {
  std::vector<PackedBlob> blobs = two_blobs();
  blobs[0].length = 0xffffffff;
  blobs[1].length = 0x80000000;
  CHECK(code_of_parse(encoded(blobs), 0x7fffffff) == Code::corrupt);
  CHECK(code_of_parse(encoded(blobs), uint64_t{0xffffffff} + 0x80000000) == Code::corrupt);
}

TEST_CASE("pack header: rejects unknown types, blobs too short and empty compressed ones") {
  std::string header = encoded(two_blobs());
  header[0] = 4;
  CHECK(code_of_parse(header, two_blobs_size) == Code::corrupt);
  std::vector<PackedBlob> blobs = two_blobs();
  blobs[0].length = seal_overhead - 1;
  CHECK(code_of_parse(encoded(blobs), 31 + 0x1234) == Code::corrupt);
  blobs[0].length = seal_overhead;
  CHECK(code_of_parse(encoded(blobs), 32 + 0x1234) == Code::ok);
  header = encoded({two_blobs()[0]});
  header[0] = 2;
  header.insert(5, 4, '\0');
  CHECK(code_of_parse(header, 100) == Code::corrupt);
}

TEST_CASE("pack header: rejects more than 16 MiB") {
  CHECK(code_of_parse(std::string(max_pack_header + 1, '\0'), 0) == Code::corrupt);
}

TEST_CASE("pack header: the error names the pack") {
  try {
    parse_pack_header(as_bytes("x"), 0, "pack 0123abcd");
    FAIL("no exception");
  } catch (const Error& e) {
    CHECK(e.message().starts_with("pack 0123abcd"));
  }
}

TEST_CASE("pack header: survives damage") {
  survive_damage(encoded(two_blobs()), [](const std::string& header) {
    parse_pack_header(as_bytes(header), two_blobs_size, "test");
  });
}

TEST_CASE("pack header: survives random bytes") {
  Random random;
  for (int i = 0; i < 2000; ++i) code_of_parse(random.bytes(random.below(200)), random.number());
}
