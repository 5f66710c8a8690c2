#include "format/key.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

// Made with Go from the fields of restic.
const std::string small_key =
    R"({"created":"2026-11-23T01:02:03.123456789+01:00","username":"u","hostname":"h","kdf")"
    R"(:"scrypt","N":16,"r":1,"p":2,"salt":"AAH/","data":"c2VhbGVk"})";

// Of a repository that restic 0.14 made with the password "x".
const std::string restic_key =
    R"({"created":"2026-11-23T00:00:44.998731887Z","username":"root","hostname":"vm","kdf":)"
    R"("scrypt","N":32768,"r":8,"p":5,"salt":"EMLABrgzraTvoNYZww/iVdxnCfJSCb3nseuQ5ej5czGTQ)"
    R"(sI5KRiAsdCwehYeINzn3zRWKp2muyUzGLixgs7Abw==","data":"hYvHRjcNDeHGE+mnKJ7RnHzRZc+TDvM)"
    R"(OCdGwUCCpTG8VnHg4LIv2KCwQ60IJxqDXPCSgB6YtUD4a1bxwzVDj7OhV65liFHYtRdk7VXXRJ4UatufTfhG)"
    R"(hpP76kJV8LjTmK8WQ1C+WihnSncGhaHiJWDuDhCJ6nwWRQSzRbz0SKC3FmnYyPiDfLajiYOLwxKZ0cyqosQx)"
    R"(X9G97xzac6OH+Sg=="})";
const std::string restic_master_key =
    R"({"mac":{"k":"QvB2i42bQMj1NikuOLKLng==","r":"ybFwCtBSHgZkCtILrCixBA=="},"encrypt":"/G)"
    R"(VGDvhRlBOSxSzdB4q2BjMdO33Z3K4ZbZgyTfeoCpI="})";

Code code_of_parse(std::string_view text) {
  return code_of([&] { parse_key_file(text, "key 0123abcd"); });
}

Code code_of_master(std::string_view text) {
  return code_of([&] { parse_master_key(as_bytes(text)); });
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

}  // namespace

TEST_CASE("key file: what restic writes is read and written again byte for byte") {
  const KeyFile key = parse_key_file(small_key, "test");
  CHECK(key.created == 1795392123123456789);
  CHECK(key.username == "u");
  CHECK(key.hostname == "h");
  CHECK(key.cost.n == 16);
  CHECK(key.cost.r == 1);
  CHECK(key.cost.p == 2);
  CHECK(as_text(key.salt) == S("\x00\x01\xff"));
  CHECK(as_text(key.data) == "sealed");
  CHECK(key_file_json(key) == small_key);
}

TEST_CASE("key file: the password opens what restic sealed") {
  const KeyFile file = parse_key_file(restic_key, "test");
  Cipher cipher(derive_key(as_bytes("x"), file.salt, file.cost));
  SecretBytes plain(file.data.size() - seal_overhead);
  REQUIRE(cipher.open(file.data, plain));
  CHECK(as_text(plain) == restic_master_key);
  CHECK(as_text(master_key_json(parse_master_key(plain))) == restic_master_key);
}

TEST_CASE("key file: rejects other derivations, base64 and numbers") {
  CHECK(code_of_parse(replaced(small_key, "scrypt", "argon2")) == Code::unsupported);
  CHECK(code_of_parse("{}") == Code::corrupt);
  CHECK(code_of_parse(replaced(small_key, "AAH/", "AAH")) == Code::corrupt);
  CHECK(code_of_parse(replaced(small_key, ":16,", ":-16,")) == Code::corrupt);
  CHECK(code_of_parse(replaced(small_key, ":16,", ":4294967296,")) == Code::corrupt);
  CHECK(code_of_parse(replaced(small_key, ":16,", ":\"16\",")) == Code::corrupt);
}

TEST_CASE("key file: survives damage") {
  survive_damage(small_key, [](const std::string& text) { parse_key_file(text, "test"); });
}

TEST_CASE("master key: rejects parts that are missing, short or zero") {
  CHECK(code_of_master(restic_master_key) == Code::ok);
  CHECK(code_of_master("{}") == Code::corrupt);
  CHECK(code_of_master("") == Code::corrupt);
  CHECK(code_of_master(R"({"mac":1,"encrypt":""})") == Code::corrupt);
  CHECK(code_of_master(replaced(restic_master_key, "QvB2", "")) == Code::corrupt);
  CHECK(code_of_master(replaced(restic_master_key, "QvB2i42bQMj1NikuOLKLng==",
                                "AAAAAAAAAAAAAAAAAAAAAA==")) == Code::corrupt);
  CHECK(code_of_master(replaced(restic_master_key, "encrypt", "decrypt")) == Code::corrupt);
}

TEST_CASE("master key: random ones come back") {
  Random random;
  for (int i = 0; i < 50; ++i) {
    const std::string bytes = random.bytes(64);
    Key key;
    std::memcpy(key.encrypt.data(), bytes.data(), 32);
    std::memcpy(key.mac_k.data(), bytes.data() + 32, 16);
    std::memcpy(key.mac_r.data(), bytes.data() + 48, 16);
    const Key again = parse_master_key(master_key_json(key));
    REQUIRE(again.encrypt == key.encrypt);
    REQUIRE(again.mac_k == key.mac_k);
    REQUIRE(again.mac_r == key.mac_r);
  }
}

TEST_CASE("master key: survives damage, and errors do not show it") {
  survive_damage(restic_master_key, [](const std::string& text) {
    try {
      parse_master_key(as_bytes(text));
    } catch (const Error& e) {
      REQUIRE(e.message().find("QvB2") == std::string::npos);
      throw;
    }
  });
}
