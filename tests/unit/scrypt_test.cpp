#include "crypto/scrypt.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

std::string derived_hex(std::string_view password, std::string_view salt, const ScryptCost& cost) {
  const Key key = derive_key(as_bytes(password), as_bytes(salt), cost);
  return to_hex(key.encrypt) + to_hex(key.mac_k) + to_hex(key.mac_r);
}

Code code_of_cost(uint32_t n, uint32_t r, uint32_t p) {
  return code_of([&] { derive_key(as_bytes("password"), as_bytes("salt"), {n, r, p}); });
}

}  // namespace

TEST_CASE("scrypt: vectors of RFC 7914") {
  CHECK(derived_hex("", "", {16, 1, 1}) ==
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
        "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  CHECK(derived_hex("password", "NaCl", {1024, 8, 16}) ==
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  CHECK(derived_hex("pleaseletmein", "SodiumChloride", {16384, 8, 1}) ==
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST_CASE("scrypt: rejects costs that are none, or too high to be meant") {
  CHECK(code_of_cost(16, 1, 1) == Code::ok);
  CHECK(code_of_cost(0, 8, 1) == Code::corrupt);
  CHECK(code_of_cost(1, 8, 1) == Code::corrupt);
  CHECK(code_of_cost(1000, 8, 1) == Code::corrupt);
  CHECK(code_of_cost(1024, 0, 1) == Code::corrupt);
  CHECK(code_of_cost(1024, 8, 0) == Code::corrupt);
  CHECK(code_of_cost(65536, 1, 1) == Code::corrupt);
  CHECK(code_of_cost(1U << 20, 8, 1) == Code::corrupt);  // 1 GiB and a little more
  CHECK(code_of_cost(1U << 31, 0xffffffff, 0xffffffff) == Code::corrupt);
  CHECK(code_of_cost(2, 0xffffffff, 1) == Code::corrupt);
  CHECK(code_of_cost(2, 1, 0xffffffff) == Code::corrupt);
  CHECK(code_of_cost(1024, 8, 1U << 16) == Code::corrupt);  // hours
}
