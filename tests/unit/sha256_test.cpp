#include "checksum/sha256.hpp"

#include <thread>

#include "support.hpp"

using namespace sapdr::test;

TEST_CASE("sha256: vectors of FIPS 180-4") {
  CHECK(sha256({}).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(as_bytes("abc")).hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(as_bytes(std::string(1'000'000, 'a'))).hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: a stream in pieces, one after the other") {
  Random random;
  Sha256 hash;
  for (int i = 0; i < 50; ++i) {
    const std::string text = random.bytes(random.below(1000));
    ByteView rest = as_bytes(text);
    while (!rest.empty()) {
      const size_t n = random.below(rest.size()) + 1;
      hash.update(rest.first(n));
      rest = rest.subspan(n);
    }
    REQUIRE(hash.finish() == sha256(as_bytes(text)));
  }
}

TEST_CASE("sha256: a stream can be moved") {
  Sha256 hash;
  hash.update(as_bytes("a"));
  Sha256 moved(std::move(hash));
  moved.update(as_bytes("bc"));
  hash = std::move(moved);
  CHECK(hash.finish() == sha256(as_bytes("abc")));
}

TEST_CASE("sha256: threads do not disturb each other") {
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([c] {
      const std::string text(1000, c);
      Sha256 hash;
      hash.update(as_bytes(text));
      const Id expected = hash.finish();
      for (int i = 0; i < 500; ++i) REQUIRE(sha256(as_bytes(text)) == expected);
    });
  }
  for (auto& thread : threads) thread.join();
}
