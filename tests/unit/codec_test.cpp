#include "format/codec.hpp"

#include <zstd.h>

#include "support.hpp"

using namespace sapdr::test;

namespace {

constexpr size_t limit = 1 << 20;

std::string compressible(size_t size) {
  std::string out;
  for (size_t i = 0; out.size() < size; ++i) out += "line " + std::to_string(i % 97) + "\n";
  out.resize(size);
  return out;
}

std::string text_of(const Bytes& bytes) {
  return std::string(as_text(bytes));
}

}  // namespace

TEST_CASE("codec: data comes back with every setting") {
  const std::string text = compressible(300'000);
  for (const auto setting :
       {Compression::automatic, Compression::fastest, Compression::better, Compression::max}) {
    Codec codec(setting);
    for (const bool is_metadata : {false, true}) {
      Bytes packed;
      REQUIRE(codec.compress(as_bytes(text), is_metadata, packed));
      CHECK(packed.size() < text.size() / 10);
      CHECK(ZSTD_getFrameContentSize(packed.data(), packed.size()) == text.size());
      Bytes out(text.size());
      REQUIRE(codec.decompress(packed, out));
      CHECK(text_of(out) == text);
      REQUIRE(codec.decompress_unknown(packed, limit, out));
      CHECK(text_of(out) == text);
    }
  }
}

TEST_CASE("codec: off, empty and incompressible data is left alone") {
  Random random;
  Bytes packed;
  CHECK_FALSE(Codec(Compression::off).compress(as_bytes(compressible(1000)), false, packed));
  CHECK(Codec(Compression::off).compress(as_bytes(compressible(1000)), true, packed));
  Codec codec(Compression::automatic);
  CHECK_FALSE(codec.compress({}, false, packed));
  CHECK_FALSE(codec.compress(as_bytes("x"), false, packed));
  CHECK_FALSE(codec.compress(as_bytes(random.bytes(10'000)), false, packed));
  CHECK(codec.compress(as_bytes(compressible(1000)), false, packed));  // and it still works
}

TEST_CASE("codec: high levels save where something repeats itself, and are not used elsewhere") {
  const auto size_with = [](Compression setting, const std::string& data) {
    Bytes packed;
    REQUIRE(Codec(setting).compress(as_bytes(data), false, packed));
    return packed.size();
  };
  Random random;
  std::string words;
  while (words.size() < 1 << 20) {
    const std::string word = "word" + std::to_string(random.below(5000));
    words += word + (random.below(3) == 0 ? " and " : ", ") + word.substr(0, 5);
  }
  const size_t quick = size_with(Compression::automatic, words);
  const size_t better = size_with(Compression::better, words);
  CHECK(better < quick);
  CHECK(size_with(Compression::max, words) < better);

  std::string noise = random.bytes(1 << 20);  // half of each byte is
  for (char& c : noise) c = static_cast<char>(c & 0x0F);
  const size_t coded = size_with(Compression::automatic, noise);
  CHECK(coded < noise.size() * 6 / 10);
  CHECK(size_with(Compression::better, noise) == coded);
  CHECK(size_with(Compression::max, noise) == coded);
}

TEST_CASE("codec: what looks compressed by its bytes alone is tried nevertheless") {
  Random random;
  Codec codec(Compression::automatic);
  const auto share = [&](const std::string& data) {
    Bytes packed;
    if (!codec.compress(as_bytes(data), false, packed)) return 1.0;
    return static_cast<double>(packed.size()) / static_cast<double>(data.size());
  };
  const std::string noise = random.bytes(1 << 20);
  CHECK(share(noise) == 1.0);
  // All bytes are as frequent, but they come again.
  std::string again;
  while (again.size() < 1 << 20) again += noise.substr(0, 5000);
  CHECK(share(again) < 0.1);
  std::string counted;
  for (uint32_t i = 0; counted.size() < 1 << 20; ++i) {
    counted.append(reinterpret_cast<const char*>(&i), sizeof i);
  }
  CHECK(share(counted) < 0.8);
  // Part of it is text, wherever that lies.
  const std::string words = compressible(200'000);
  CHECK(share(words + noise) < 0.9);
  CHECK(share(noise + words) < 0.9);
  CHECK(share(noise.substr(0, 500'000) + words + noise.substr(500'000)) < 0.9);
}

TEST_CASE("codec: only the announced size is accepted") {
  Codec codec(Compression::automatic);
  const std::string text = compressible(10'000);
  Bytes packed;
  REQUIRE(codec.compress(as_bytes(text), false, packed));
  for (const size_t size : {0UL, 1UL, 9'999UL, 10'001UL, 20'000UL}) {
    Bytes out(size);
    CHECK_FALSE(codec.decompress(packed, out));
  }
  Bytes out(text.size());
  CHECK_FALSE(codec.decompress({}, out));
  CHECK(codec.decompress(packed, out));
}

TEST_CASE("codec: decompression of unknown size is bounded") {
  Codec codec(Compression::automatic);
  Bytes packed;
  REQUIRE(codec.compress(as_bytes(std::string(4 << 20, 'x')), false, packed));
  CHECK(packed.size() < 1000);  // a small file that wants much memory
  Bytes out;
  CHECK(codec.decompress_unknown(packed, 4 << 20, out));
  CHECK(out.size() == 4 << 20);
  CHECK_FALSE(codec.decompress_unknown(packed, (4 << 20) - 1, out));
  CHECK_FALSE(codec.decompress_unknown(packed, 0, out));
  CHECK_FALSE(codec.decompress_unknown({}, limit, out));
}

TEST_CASE("codec: a frame that does not say its size is read") {
  const std::string text = compressible(200'000);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  Codec codec(Compression::automatic);
  Bytes out;
  REQUIRE(codec.decompress_unknown(as_bytes(packed), limit, out));
  CHECK(text_of(out) == text);
  // Two frames, one after the other.
  REQUIRE(codec.decompress_unknown(as_bytes(packed + packed), limit, out));
  CHECK(text_of(out) == text + text);
  CHECK_FALSE(codec.decompress_unknown(as_bytes(packed + "x"), limit, out));
}

TEST_CASE("codec: a lie about the size takes no memory") {
  // Magic number, descriptor with an eight-byte content size, 2^62 bytes announced, an empty block.
  const std::string frame = S("\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x00\x00\x40\x01\x00\x00");
  Codec codec(Compression::automatic);
  Bytes out;
  CHECK_FALSE(codec.decompress_unknown(as_bytes(frame), size_t{1} << 40, out));
  CHECK(out.size() < 1000);
}

TEST_CASE("codec: survives damage") {
  Codec codec(Compression::automatic);
  Bytes packed;
  REQUIRE(codec.compress(as_bytes(compressible(2'000)), false, packed));
  survive_damage(as_text(packed), [&](const std::string& damaged) {
    Bytes out(2'000);
    (void)codec.decompress(as_bytes(damaged), out);
    (void)codec.decompress_unknown(as_bytes(damaged), limit, out);
    CHECK(out.size() <= limit);
  });
}

TEST_CASE("unpacked files: version 1 is plain, version 2 is compressed") {
  for (const auto setting : {Compression::automatic, Compression::off}) {
    Codec codec(setting);
    for (const std::string& json : {std::string("{}"), "{\"a\":\"" + compressible(5'000) + "\"}"}) {
      CHECK(text_of(encode_unpacked(codec, 1, json)) == json);
      const Bytes stored = encode_unpacked(codec, 2, json);
      CHECK(stored[0] == std::byte{2});
      CHECK(text_of(decode_unpacked(codec, stored, limit, "test")) == json);
    }
  }
}

TEST_CASE("unpacked files: plain JSON is read whatever the version") {
  Codec codec(Compression::automatic);
  for (const char* json : {"{\"a\":1}", "[1]"}) {
    CHECK(text_of(decode_unpacked(codec, as_bytes(json), limit, "test")) == json);
  }
}

TEST_CASE("unpacked files: rejects what is neither") {
  Codec codec(Compression::automatic);
  const auto decode = [&](std::string_view stored, size_t at_most) {
    return code_of([&] { decode_unpacked(codec, as_bytes(stored), at_most, "test"); });
  };
  CHECK(decode("", limit) == Code::corrupt);
  CHECK(decode("x{}", limit) == Code::corrupt);
  CHECK(decode("\x01{}", limit) == Code::corrupt);
  CHECK(decode("\x02", limit) == Code::corrupt);
  CHECK(decode("\x02{}", limit) == Code::corrupt);
  CHECK(decode("{\"a\":1}", 6) == Code::corrupt);
  const Bytes stored = encode_unpacked(codec, 2, "{\"a\":1}");
  CHECK(decode(as_text(stored), 7) == Code::ok);
  CHECK(decode(as_text(stored), 6) == Code::corrupt);
  survive_damage(as_text(stored), [&](const std::string& damaged) {
    decode_unpacked(codec, as_bytes(damaged), limit, "test");
  });
}
