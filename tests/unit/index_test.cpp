#include "format/index.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

// From a repository that restic 0.14 wrote, with the newline that ends it.
const std::string restic_index =
    R"({"packs":[{"id":"b1667bb1ec478d5fd0bb2485d175b1a2c2dad8f5d5cf62a725058839702b5947","blobs":[)"
    R"({"id":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","type":"data",)"
    R"("offset":0,"length":42,"uncompressed_length":1}]},)"
    R"({"id":"bb0e9afaf462047c75ab04d0c728beaf22df0722fc452de337c95d99790cf817","blobs":[)"
    R"({"id":"342ae37519a7a28416dbf2014767dd1e5c0b0ff8b1eec488922711f747419e74","type":"tree",)"
    R"("offset":0,"length":267,"uncompressed_length":556},)"
    R"({"id":"5fe728caa5e9426f2b21c5a6578415289bcbd4ebd41ffc192801b15f6e04a01a","type":"tree",)"
    R"("offset":1119,"length":251}]}]})"
    "\n";

IndexFile random_index(Random& random) {
  IndexFile index;
  for (uint64_t n = random.below(3); n > 0; --n) index.supersedes.push_back(random.id());
  for (uint64_t n = random.below(5); n > 0; --n) {
    IndexedPack& pack = index.packs.emplace_back();
    pack.id = random.id();
    for (uint64_t k = random.below(20); k > 0; --k) {
      PackedBlob& blob = pack.blobs.emplace_back();
      blob.id = random.id();
      blob.type = random.below(2) == 0 ? BlobType::data : BlobType::tree;
      blob.offset = random.number32() / 2;
      blob.length = 32 + random.number32() / 4;
      blob.plain_length = random.number32();
    }
  }
  return index;
}

Code code_of_parse(std::string_view text) {
  return code_of([&] { parse_index(text, "index 0123abcd"); });
}

std::string with_blob(std::string_view members) {
  return std::string(R"({"packs":[{"id":")") + Id().hex() + R"(","blobs":[{"id":")" + Id().hex() +
         "\"," + std::string(members) + "}]}]}";
}

}  // namespace

TEST_CASE("index: what restic wrote is read and written again byte for byte") {
  const IndexFile index = parse_index(restic_index, "test");
  REQUIRE(index.packs.size() == 2);
  CHECK(index.packs[0].id.short_hex() == "b1667bb1");
  CHECK(index.packs[0].blobs[0].type == BlobType::data);
  CHECK(index.packs[0].blobs[0].length == 42);
  CHECK(index.packs[0].blobs[0].plain_length == 1);
  CHECK(index.packs[1].blobs[1].type == BlobType::tree);
  CHECK(index.packs[1].blobs[1].offset == 1119);
  CHECK_FALSE(index.packs[1].blobs[1].is_compressed());
  CHECK(index_json(index) == restic_index);
}

TEST_CASE("index: random ones come back") {
  Random random;
  for (int i = 0; i < 50; ++i) {
    const IndexFile index = random_index(random);
    const IndexFile again = parse_index(index_json(index), "test");
    REQUIRE(again.supersedes == index.supersedes);
    REQUIRE(again.packs.size() == index.packs.size());
    for (size_t k = 0; k < index.packs.size(); ++k) {
      REQUIRE(again.packs[k].id == index.packs[k].id);
      REQUIRE(again.packs[k].blobs == index.packs[k].blobs);
    }
  }
}

TEST_CASE("index: empty and superseding ones") {
  CHECK(index_json({}) == "{\"packs\":[]}\n");
  CHECK(parse_index("{\"packs\":[]}\n", "test").packs.empty());
  CHECK(parse_index("{\"packs\":null,\"future\":[{}]}", "test").packs.empty());
  IndexFile index;
  index.supersedes = {Id()};
  CHECK(index_json(index) == "{\"supersedes\":[\"" + Id().hex() + "\"],\"packs\":[]}\n");
}

TEST_CASE("index: rejects numbers and types that cannot be") {
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":0,"length":32)")) == Code::ok);
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":0,"length":31)")) == Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":0)")) == Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":-1,"length":32)")) == Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":4294967296,"length":32)")) ==
        Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":4294967295,"length":32)")) ==
        Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("type":"data","offset":0,"length":1e2)")) == Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("type":"file","offset":0,"length":32)")) == Code::corrupt);
  CHECK(code_of_parse(with_blob(R"("offset":0,"length":32)")) == Code::corrupt);
  CHECK(code_of_parse("{\"packs\":{}}") == Code::corrupt);
  CHECK(code_of_parse("{\"packs\":[1]}") == Code::corrupt);
  CHECK(code_of_parse("{\"packs\":[{}]}") == Code::corrupt);
  CHECK(code_of_parse("{\"supersedes\":[\"00\"]}") == Code::corrupt);
}

TEST_CASE("index: survives damage") {
  survive_damage(restic_index, [](const std::string& text) { parse_index(text, "test"); });
}
