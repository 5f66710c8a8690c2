#include "repository/open_blobs.hpp"

#include <set>

#include "checksum/sha256.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

// Blobs as they lie in a pack, with the tools to open them.
struct Pack {
  Pack() : tools(key(), Compression::automatic, BlobCodec::zstd) {}

  static Key key() {
    Key key;
    key.encrypt.fill(std::byte{1});
    key.mac_k.fill(std::byte{2});
    key.mac_r.fill(std::byte{3});
    return key;
  }

  void add(const std::string& plain, bool compressed) {
    ByteView body = as_bytes(plain);
    Bytes packed;
    if (compressed && tools.codec.compress(body, false, packed)) body = packed;
    const bool is_packed = body.size() != plain.size();
    BlobPlace place{.id = sha256(as_bytes(plain)),
                    .offset = static_cast<uint32_t>(data.size()),
                    .length = static_cast<uint32_t>(body.size() + seal_overhead),
                    .plain_length = static_cast<uint32_t>(plain.size()),
                    .compressed = is_packed};
    data.resize(data.size() + place.length);
    Bytes iv(iv_size);
    iv[0] = static_cast<std::byte>(places.size());
    tools.cipher.seal(iv, body, ByteSpan(data).last(place.length));
    places.push_back(place);
    plains.push_back(plain);
  }

  // The numbers of those that came out right, each with the right plaintext.
  std::set<size_t> open(Id* beside = nullptr) {
    std::set<size_t> right;
    std::set<size_t> told;
    size_t at = 0;
    const Id hash = open_blobs(
        tools,
        {.next = [&]() -> std::optional<SealedBlob> {
           if (at == places.size()) return std::nullopt;
           const BlobPlace& place = places[at];
           return SealedBlob{at++, place, ByteView(data).subspan(place.offset, place.length)};
         },
         .take =
             [&](const SealedBlob& blob, const Bytes* plain) {
               CHECK(told.insert(blob.number).second);
               if (plain == nullptr) return;
               CHECK(as_text(*plain) == plains[blob.number]);
               right.insert(blob.number);
             }},
        beside != nullptr ? ByteView(data) : ByteView());
    CHECK(told.size() == places.size());
    if (beside != nullptr) *beside = hash;
    return right;
  }

  Tools tools;
  Bytes data;
  std::vector<BlobPlace> places;
  std::vector<std::string> plains;
};

Pack random_pack(Random& random, size_t blobs) {
  Pack pack;
  for (size_t i = 0; i < blobs; ++i) {
    std::string plain = random.bytes(random.below(5000));
    if (i % 3 == 0) plain.append(5000, 'z');
    pack.add(plain, i % 2 == 0);
  }
  return pack;
}

}  // namespace

TEST_CASE("open blobs: all of a pack, and the pack's hash beside them") {
  Random random;
  for (const size_t blobs : {0, 1, 2, 3, 4, 20}) {
    CAPTURE(blobs);
    Pack pack = random_pack(random, blobs);
    CHECK(pack.open().size() == blobs);
    Id hash;
    CHECK(pack.open(&hash).size() == blobs);
    if (blobs > 0) CHECK(hash == sha256(pack.data));
  }
}

TEST_CASE("open blobs: each bit that flips costs the blob it is in, no other") {
  Random random;
  Pack pack = random_pack(random, 9);
  std::set<size_t> all;
  for (size_t i = 0; i < 9; ++i) all.insert(i);
  for (int round = 0; round < 50; ++round) {
    const size_t blob = random.below(9);
    const BlobPlace& place = pack.places[blob];
    std::byte& hit = pack.data[place.offset + random.below(place.length)];
    hit ^= std::byte{16};
    std::set<size_t> others = all;
    others.erase(blob);
    CHECK(pack.open() == others);
    hit ^= std::byte{16};
  }
  CHECK(pack.open() == all);
}

TEST_CASE("open blobs: sealed right under another id, or of another size, is damaged") {
  Random random;
  Pack pack = random_pack(random, 6);
  pack.places[1].id = pack.places[2].id;
  pack.places[4].plain_length += 1;
  pack.places[5].plain_length = max_blob_size + 1;
  CHECK(pack.open() == std::set<size_t>{0, 2, 3});
}
