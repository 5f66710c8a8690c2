#include "checksum/sha256.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "checksum/sha256_blocks.hpp"
#include "checksum/sha256_lanes.hpp"
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

namespace {

// The hashes of `messages`, each asked for and taken once, and never two messages of a lane at
// once.
std::vector<Id> hashes(const std::vector<std::string>& messages,
                       void (*hash)(const LaneMessages&)) {
  std::vector<Id> ids(messages.size());
  std::vector<int> taken(messages.size());
  std::array<std::optional<size_t>, sha256_lanes> in_lane;
  size_t at = 0;
  hash({.next = [&](size_t lane) -> std::optional<ByteView> {
          REQUIRE(!in_lane[lane]);
          if (at == messages.size()) return std::nullopt;
          in_lane[lane] = at;
          return as_bytes(messages[at++]);
        },
        .take =
            [&](size_t lane, const Id& id) {
              const size_t message = in_lane[lane].value();
              in_lane[lane].reset();
              ids[message] = id;
              ++taken[message];
            }});
  CHECK(std::ranges::all_of(taken, [](int n) { return n == 1; }));
  return ids;
}

}  // namespace

TEST_CASE("sha256: messages side by side have the hashes that they have alone") {
  if (!can_compress_blocks()) MESSAGE("this processor has no instructions for it: one by one");
  Random random;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::string> messages(random.below(10));
    // Every size around the ends of blocks, and messages of very different sizes.
    for (std::string& message : messages) {
      message = random.bytes(random.below(round % 2 == 0 ? 300 : 50'000));
    }
    std::vector<Id> alone;
    for (const std::string& message : messages) alone.push_back(sha256(as_bytes(message)));
    REQUIRE(hashes(messages, sha256_in_lanes) == alone);
    REQUIRE(hashes(messages, sha256_one_by_one) == alone);
  }
}

TEST_CASE("sha256: every size up to some blocks, side by side") {
  Random random;
  for (size_t size = 0; size <= 4 * 64; ++size) {
    const std::string a = random.bytes(size), b = random.bytes(size + 1), c = random.bytes(64);
    const std::vector<ByteView> messages = {as_bytes(a), as_bytes(b), as_bytes(c)};
    std::vector<Id> ids(3);
    sha256_all(messages, ids);
    REQUIRE(ids[0] == sha256(messages[0]));
    REQUIRE(ids[1] == sha256(messages[1]));
    REQUIRE(ids[2] == sha256(messages[2]));
  }
}

TEST_CASE("sha256: what a message's owner throws comes out") {
  const std::string text(1000, 'x');
  int n = 0;
  CHECK(code_of([&] {
          sha256_in_lanes({.next = [&](size_t) -> std::optional<ByteView> {
                             if (++n == 5) throw Error(Code::io, "no more");
                             return as_bytes(text);
                           },
                           .take = [](size_t, const Id&) {}});
        }) == Code::io);
}
