#include "format/planes.hpp"

#include <bit>
#include <cmath>

#include "format/codec.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

// Weights as a network has them: normally distributed, around zero.
template <class Number>
std::string weights(Random& random, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) {
    float sum = 0;
    for (int k = 0; k < 12; ++k) sum += static_cast<float>(random.below(1 << 20)) / (1 << 20);
    const auto bits = std::bit_cast<uint32_t>((sum - 6) * 0.02F);
    const auto number = static_cast<Number>(bits >> (32 - 8 * sizeof(Number)));
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return out;
}

std::string text(size_t size) {
  std::string out;
  for (size_t i = 0; out.size() < size; ++i) out += "entry " + std::to_string(i * i % 9973) + "\n";
  return out;
}

// Encodes and decodes; the size as stored.
size_t round_trip(Planes& planes, const std::string& plain, const PlaneLayout& layout) {
  Bytes packed(2 * plain.size() + 100);
  packed.resize(planes.encode(as_bytes(plain), layout, packed));
  REQUIRE(!packed.empty());
  Bytes back(plain.size());
  REQUIRE(planes.decode(packed, back));
  CHECK(as_text(back) == plain);
  return packed.size();
}

}  // namespace

TEST_CASE("planes: every layout gives back every size") {
  Random random;
  Planes planes;
  for (size_t size = 4; size < 80; ++size) {
    const std::string plain = random.bytes(size);
    for (const uint8_t width : {uint8_t{2}, uint8_t{4}}) {
      for (uint8_t lead = 0; lead < width; ++lead) {
        for (uint8_t coded = 0; coded >> width == 0; ++coded) {
          round_trip(planes, plain, {width, lead, coded});
        }
      }
    }
  }
}

TEST_CASE("planes: bfloat16 takes two thirds, wherever a blob begins") {
  Random random;
  Planes planes;
  const std::string plain = weights<uint16_t>(random, 200'000);
  for (const uint8_t lead : {uint8_t{0}, uint8_t{1}}) {
    const std::string part = plain.substr(lead);
    const auto layout = planes.guess(as_bytes(part));
    REQUIRE(layout.has_value());
    CHECK(*layout == PlaneLayout{2, lead, 1});
    CHECK(round_trip(planes, part, *layout) < part.size() * 67 / 100);
  }
}

TEST_CASE("planes: a float is worth four planes") {
  Random random;
  Planes planes;
  const std::string plain = weights<uint32_t>(random, 100'000);
  const auto layout = planes.guess(as_bytes(plain));
  REQUIRE(layout.has_value());
  CHECK(layout->width == 4);
  CHECK((layout->coded & 1) != 0);
  CHECK(round_trip(planes, plain, *layout) < plain.size() * 85 / 100);
}

TEST_CASE("planes: what is random, repeats itself, or is small is not for them") {
  Random random;
  Planes planes;
  CHECK_FALSE(planes.guess(as_bytes(random.bytes(200'000))).has_value());
  CHECK_FALSE(planes.guess(as_bytes(text(200'000))).has_value());
  CHECK_FALSE(planes.guess(as_bytes(std::string(200'000, '\0'))).has_value());
  std::string repeated = weights<uint16_t>(random, 1000);
  while (repeated.size() < 200'000) repeated += repeated;
  CHECK_FALSE(planes.guess(as_bytes(repeated)).has_value());
  CHECK_FALSE(planes.guess(as_bytes(weights<uint16_t>(random, 1000))).has_value());
  CHECK_FALSE(planes.guess({}).has_value());
}

TEST_CASE("planes: without room enough nothing is written") {
  Random random;
  Planes planes;
  const std::string plain = weights<uint16_t>(random, 50'000);
  const PlaneLayout layout = {2, 0, 1};
  const size_t needed = round_trip(planes, plain, layout);
  for (const size_t room : {size_t{0}, size_t{4}, size_t{8}, needed / 2, needed - 1}) {
    Bytes out(room);
    CHECK(planes.encode(as_bytes(plain), layout, out) == 0);
  }
}

TEST_CASE("planes: damage is refused, or gives other bytes, and does no harm") {
  Random random;
  Planes planes;
  const std::string plain = weights<uint16_t>(random, 2'000) + "x";
  Bytes packed(plain.size() + 100);
  packed.resize(planes.encode(as_bytes(plain), {2, 0, 1}, packed));
  Bytes back(plain.size());
  for (size_t size = 0; size < packed.size(); ++size) {
    CHECK_FALSE(planes.decode(ByteView(packed).first(size), back));
  }
  packed.push_back(std::byte{0});
  CHECK_FALSE(planes.decode(packed, back));
  packed.pop_back();
  for (const size_t size : {size_t{0}, size_t{1}, plain.size() - 2, plain.size() + 2}) {
    Bytes other(size);
    CHECK_FALSE(planes.decode(packed, other));
  }
  for (size_t bit = 0; bit < 8 * packed.size(); ++bit) {
    packed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    static_cast<void>(planes.decode(packed, back));
    packed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
  CHECK(planes.decode(packed, back));
}

TEST_CASE("codec: by planes only where a repository has them") {
  Random random;
  const std::string plain = weights<uint16_t>(random, 100'000);
  Codec tensor(Compression::automatic, BlobCodec::tensor), zstd(Compression::automatic);
  Bytes packed, with_zstd, back(plain.size());
  REQUIRE(tensor.compress(as_bytes(plain), false, packed));
  REQUIRE(zstd.compress(as_bytes(plain), false, with_zstd));
  CHECK(packed[0] == planes_marker);
  CHECK(packed.size() < with_zstd.size() * 9 / 10);
  REQUIRE(tensor.decompress(packed, back));
  CHECK(as_text(back) == plain);
  REQUIRE(tensor.decompress(with_zstd, back));
  CHECK(as_text(back) == plain);
  CHECK_FALSE(zstd.decompress(packed, back));
  // Metadata is zstd's, as what is no tensor.
  REQUIRE(tensor.compress(as_bytes(plain), true, packed));
  CHECK(packed[0] != planes_marker);
  REQUIRE(tensor.compress(as_bytes(text(50'000)), false, packed));
  CHECK(packed[0] != planes_marker);
}
