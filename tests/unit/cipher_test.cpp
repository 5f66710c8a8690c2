#include "crypto/cipher.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

template <size_t N>
void set(std::array<std::byte, N>& part, std::string_view hex) {
  REQUIRE(from_hex(hex, part));
}

Bytes to_buffer(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return Bytes(bytes.begin(), bytes.end());
}

// A sealed text that restic's own tests hold.
constexpr const char* plaintext = "Dies ist ein Test!";
constexpr const char* sealed_hex =
    "69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a54ea63338a813bcf3f75d8c3cc75dd"
    "df8750";

Key restic_key() {
  Key key;
  set(key.encrypt, "303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef");
  set(key.mac_k, "ef4d8824cb80b2bcc5fbff8a9b12a42c");
  set(key.mac_r, "cc8d4b948ee0ebfe1d415de921d10353");
  return key;
}

Key random_key(Random& random) {
  Key key;
  const std::string bytes = random.bytes(64);
  std::memcpy(key.encrypt.data(), bytes.data(), 32);
  std::memcpy(key.mac_k.data(), bytes.data() + 32, 16);
  std::memcpy(key.mac_r.data(), bytes.data() + 48, 16);
  return key;
}

std::string seal(Cipher& cipher, std::string_view iv, std::string_view text) {
  Bytes out(text.size() + seal_overhead);
  cipher.seal(as_bytes(iv), as_bytes(text), out);
  return std::string(as_text(out));
}

}  // namespace

TEST_CASE("cipher: opens what restic sealed, and seals the same") {
  Cipher cipher(restic_key());
  const std::string sealed = hex_to_bytes(sealed_hex);
  Bytes out(sealed.size() - seal_overhead);
  REQUIRE(cipher.open(as_bytes(sealed), out));
  CHECK(as_text(out) == plaintext);
  CHECK(seal(cipher, sealed.substr(0, iv_size), plaintext) == sealed);
}

TEST_CASE("cipher: Poly1305-AES vectors of its paper") {
  struct Vector {
    const char* message;
    const char* r;
    const char* k;
    const char* nonce;
    const char* tag;
  };
  const Vector vectors[] = {
      {"f3f6", "851fc40c3467ac0be05cc20404f3f700", "ec074c835580741701425b623235add6",
       "fb447350c4e868c52ac3275cf9d4327e", "f4c633c3044fc145f84f335cb81953de"},
      {"", "a0f3080000f46400d0c7e9076c834403", "75deaa25c09f208e1dc4ce6b5cad3fbf",
       "61ee09218d29b0aaed7e154a2c5509cc", "dd3fab2251f11ac759f0887129cc2ee7"},
      {"663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
       "48443d0bb0d21109c89a100b5ce2c208", "6acb5f61a7176dd320c5c1eb2edcdc74",
       "ae212a55399729595dea458bc621ff0e", "0ee1c16bb73f0f4fd19881753c01cdbe"},
      {"ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0990c62e48b8018b2c3e4a0fa31"
       "34cb67fa83e158c994d961c4cb21095c1bf9",
       "12976a08c4426d0ce8a82407c4f48207", "e1a5668a4d5b66a5f68cc5424ed5982d",
       "9ae831e743978d3a23527c7128149e3a", "5154ad0d2cb26e01274fc51148491f1b"},
  };
  for (const Vector& vector : vectors) {
    Key key;
    set(key.mac_k, vector.k);
    set(key.mac_r, vector.r);
    Cipher cipher(key);
    // The tag covers the ciphertext, so that a sealed text can be put together by hand.
    const std::string sealed =
        hex_to_bytes(std::string(vector.nonce) + vector.message + vector.tag);
    Bytes out(sealed.size() - seal_overhead);
    REQUIRE(cipher.open(as_bytes(sealed), out));
    CHECK(seal(cipher, sealed.substr(0, iv_size), as_text(out)) == sealed);
  }
}

TEST_CASE("cipher: AES-256-CTR vector of NIST SP 800-38A") {
  Key key;
  set(key.encrypt, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  Cipher cipher(key);
  const std::string sealed =
      seal(cipher, hex_to_bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
           hex_to_bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"));
  CHECK(sealed.substr(iv_size, 64) ==
        hex_to_bytes("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
                     "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"));
}

TEST_CASE("cipher: random texts come back, whatever was done before") {
  Random random;
  Cipher cipher(random_key(random));
  for (int i = 0; i < 200; ++i) {
    const std::string text = random.bytes(random.below(300));
    const std::string sealed = seal(cipher, random.bytes(iv_size), text);
    Bytes out(text.size());
    REQUIRE(cipher.open(as_bytes(sealed), out));
    REQUIRE(as_text(out) == text);
  }
}

TEST_CASE("cipher: every changed bit is found, and nothing is decrypted") {
  Cipher cipher(restic_key());
  const std::string sealed = hex_to_bytes(sealed_hex);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string damaged = sealed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    Bytes out = to_buffer("..................");
    REQUIRE_FALSE(cipher.open(as_bytes(damaged), out));
    REQUIRE(as_text(out) == "..................");
  }
}

TEST_CASE("cipher: every shortened text is found") {
  Cipher cipher(restic_key());
  const std::string sealed = hex_to_bytes(sealed_hex);
  for (size_t size = 0; size < sealed.size(); ++size) {
    Bytes out(size < seal_overhead ? 0 : size - seal_overhead);
    REQUIRE_FALSE(cipher.open(as_bytes(sealed).first(size), out));
  }
}

TEST_CASE("cipher: another key does not open") {
  Random random;
  Cipher cipher(random_key(random));
  Bytes out(18);
  CHECK_FALSE(cipher.open(as_bytes(hex_to_bytes(sealed_hex)), out));
}

TEST_CASE("cipher: buffers of the wrong size are refused") {
  Cipher cipher(restic_key());
  Bytes out(10);
  CHECK(code_of([&] { cipher.seal(as_bytes(std::string(16, 'i')), as_bytes("abc"), out); }) ==
        Code::internal);
  CHECK(code_of([&] { cipher.seal(as_bytes("short"), {}, out); }) == Code::internal);
  CHECK(code_of([&] { (void)cipher.open(as_bytes(hex_to_bytes(sealed_hex)), out); }) ==
        Code::internal);
}
