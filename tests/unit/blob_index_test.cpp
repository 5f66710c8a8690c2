#include "repository/blob_index.hpp"

#include <map>
#include <thread>

#include "support.hpp"

using namespace sapdr::test;

namespace {

PackedBlob blob(const Id& id, uint32_t offset, uint32_t length = 100,
                BlobType type = BlobType::data, uint32_t plain = 0) {
  return {id, type, offset, length, plain};
}

}  // namespace

TEST_CASE("blob index: finds what was added, by id and type") {
  BlobIndex index;
  Random random;
  const Id pack = random.id();
  const Id id = random.id();
  index.add(pack, {blob(id, 0), blob(id, 100, 200, BlobType::tree, 500)});
  const auto data = index.find(id, BlobType::data);
  REQUIRE(data);
  CHECK(data->length == 100);
  CHECK(data->plain_length == 68);
  CHECK_FALSE(data->compressed);
  const auto tree = index.find(id, BlobType::tree);
  REQUIRE(tree);
  CHECK(tree->offset == 100);
  CHECK(tree->plain_length == 500);
  CHECK(tree->compressed);
  CHECK_FALSE(index.contains(random.id(), BlobType::data));
  CHECK(index.pack_id(data->pack) == pack);
}

TEST_CASE("blob index: an empty one contains nothing") {
  const BlobIndex index;
  CHECK_FALSE(index.contains({}, BlobType::data));
  CHECK(index.find_all({}, BlobType::tree).empty());
  CHECK(index.n_blobs() == 0);
}

TEST_CASE("blob index: the same place twice is one, another pack is a second copy") {
  BlobIndex index;
  Random random;
  const Id one = random.id();
  const Id two = random.id();
  const Id id = random.id();
  index.add(one, {blob(id, 0)});
  index.add(one, {blob(id, 0)});
  CHECK(index.n_blobs() == 1);
  index.add(two, {blob(id, 7)});
  CHECK(index.find_all(id, BlobType::data).size() == 2);
  CHECK(index.n_packs() == 2);
}

TEST_CASE("blob index: a pack that two indexes describe differently has all its blobs") {
  BlobIndex index;
  Random random;
  const Id pack = random.id();
  const Id a = random.id();
  const Id b = random.id();
  index.add(pack, {blob(a, 0)});
  index.add(random.id(), {blob(random.id(), 0)});
  index.add(pack, {blob(a, 0), blob(b, 100)});
  const auto blobs = index.blobs_in(0);
  REQUIRE(blobs.size() == 2);
  CHECK(blobs[0].id == a);
  CHECK(blobs[1].id == b);
}

TEST_CASE("blob index: refuses lengths that no blob has, and takes nothing of that pack") {
  BlobIndex index;
  Random random;
  const Id good = random.id();
  CHECK(code_of([&] {
          index.add(random.id(), {blob(good, 0), blob(random.id(), 0, 31)});
        }) == Code::corrupt);
  CHECK(code_of([&] { index.add(random.id(), {blob(good, 0, 0x80000000U)}); }) == Code::corrupt);
  CHECK(index.n_blobs() == 0);
}

TEST_CASE("blob index: ids that begin alike do not hide each other") {
  BlobIndex index;
  Id a{};
  Id b{};
  b.bytes[31] = std::byte{1};
  index.add(Id{}, {blob(a, 0), blob(b, 100)});
  CHECK(index.find(a, BlobType::data)->offset == 0);
  CHECK(index.find(b, BlobType::data)->offset == 100);
}

TEST_CASE("blob index: holds what a map holds, through many growths, while others read") {
  BlobIndex index;
  Random random;
  std::map<Id, uint32_t> expected;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) static_cast<void>(index.contains(Id{}, BlobType::data));
  });
  for (int pack = 0; pack < 500; ++pack) {
    std::vector<PackedBlob> blobs;
    for (uint32_t i = 0; i < 100; ++i) {
      blobs.push_back(blob(random.id(), i * 100));
      expected[blobs.back().id] = i * 100;
    }
    index.add(random.id(), blobs);
  }
  done = true;
  reader.join();
  CHECK(index.n_blobs() == expected.size());
  size_t wrong = 0;
  for (const auto& [id, offset] : expected) {
    const auto place = index.find(id, BlobType::data);
    wrong += !place || place->offset != offset;
  }
  CHECK(wrong == 0);
}
