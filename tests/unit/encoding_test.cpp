#include "base/encoding.hpp"

#include "support.hpp"

using namespace sapdr::test;

TEST_CASE("hex: known text") {
  CHECK(to_hex(as_bytes(S("\x00\x01\x7f\x80\xff"))) == "00017f80ff");
  CHECK(to_hex({}) == "");
  CHECK(hex_to_bytes("00017f80ff") == S("\x00\x01\x7f\x80\xff"));
}

TEST_CASE("hex: rejects what is not exactly lower-case digits of the right number") {
  std::byte out[2];
  CHECK(from_hex("0a1b", out));
  for (const char* text : {"", "0a1", "0a1b0", "0A1b", "0a1g", "0a 1", "0x1b", "0a1\n"}) {
    CHECK_FALSE(from_hex(text, out));
  }
  CHECK_FALSE(from_hex(S("0a1\0"), out));
}

TEST_CASE("base64: vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : vectors) {
    CHECK(to_base64(as_bytes(plain)) == encoded);
    CHECK(as_text(from_base64(encoded)) == plain);
  }
}

TEST_CASE("base64: rejects other lengths, characters and misplaced padding") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "=AAA", "Z=9v", "Zm9v=AAA", "Zm-_",
                           "Zm9\n", "    ", " Zm9", "Zm9vZg==\n\n\n\n", "A===", "Zm9v-AAA"}) {
    CAPTURE(text);
    CHECK(code_of([&] { from_base64(text); }) == Code::corrupt);
  }
}

TEST_CASE("base64 and hex: random bytes come back") {
  Random random;
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = random.bytes(random.below(100));
    CHECK(as_text(from_base64(to_base64(as_bytes(bytes)))) == bytes);
    CHECK(hex_to_bytes(to_hex(as_bytes(bytes))) == bytes);
  }
}

TEST_CASE("id: text and back") {
  Random random;
  const Id id = random.id();
  CHECK(Id::parse(id.hex()) == id);
  CHECK(id.hex().starts_with(id.short_hex()));
  CHECK(id.short_hex().size() == 8);
  CHECK_FALSE(Id::parse(id.hex().substr(1)).has_value());
  CHECK(Id().is_null());
  CHECK_FALSE(id.is_null());
}
