#include "chunking/rabin.hpp"

#include <numeric>

#include "checksum/sha256.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

constexpr Polynomial polynomial = 0x3da3358b4dc173;

using Sizes = std::vector<size_t>;

// Cuts `text`, of which the cutter is shown `step` bytes more each time it asks.
Sizes cut(const RabinTables& tables, std::string_view text, size_t step) {
  RabinCutter cutter(tables);
  Sizes sizes;
  ByteView rest = as_bytes(text);
  size_t shown = std::min(step, rest.size());
  while (!rest.empty()) {
    const size_t size = cutter.scan(rest.first(shown));
    if (size != 0) {
      sizes.push_back(size);
      rest = rest.subspan(size);
      shown = std::min(std::max(shown - size, step), rest.size());
    } else if (shown < rest.size()) {
      shown = std::min(shown + step, rest.size());
    } else {
      sizes.push_back(rest.size());
      break;
    }
  }
  return sizes;
}

// The definition, bit by bit: the last 64 bytes as a polynomial, modulo the polynomial of the
// repository.
bool is_candidate(std::string_view window, Polynomial modulus) {
  Polynomial digest = 0;
  for (const char c : window) {
    for (int bit = 7; bit >= 0; --bit) {
      digest = mod(digest << 1 | (static_cast<unsigned>(static_cast<unsigned char>(c)) >> bit & 1),
                   modulus);
    }
  }
  return (digest & ((1 << 20) - 1)) == 0;
}

}  // namespace

TEST_CASE("polynomial: arithmetic") {
  CHECK(degree(0) == -1);
  CHECK(degree(1) == 0);
  CHECK(degree(uint64_t{1} << 63) == 63);
  CHECK(mod(0, 7) == 0);
  CHECK(mod(0b1101, 0b11) == 1);
  CHECK(mod(0b1100, 0b11) == 0);
  CHECK(multiply_mod(0b10, 0b11, 0b111) == 0b1);  // t² + t = 1 modulo t² + t + 1
}

TEST_CASE("polynomial: irreducible or not") {
  for (const Polynomial p : {0x2ULL, 0x3ULL, 0x7ULL, 0xbULL, 0xdULL, 0x13ULL, 0x11bULL,
                             0x3da3358b4dc173ULL, 0x2f88a4ea20f637ULL, 0x2482734cacca49ULL}) {
    CAPTURE(p);
    CHECK(is_irreducible(p));
  }
  for (const Polynomial p : {0x0ULL, 0x1ULL, 0x5ULL, 0x9ULL, 0x11ULL, 0x3da3358b4dc175ULL,
                             0x20000000000000ULL, 0x15ULL, 0x38f1e565e288dfULL}) {
    CAPTURE(p);
    CHECK_FALSE(is_irreducible(p));
  }
}

TEST_CASE("polynomial: a product is not irreducible") {
  Random random;
  for (int i = 0; i < 200; ++i) {
    const Polynomial a = random.below(1 << 25) + 2;
    const Polynomial b = random.below(1 << 25) + 2;
    Polynomial product = 0;
    for (int bit = 0; bit < 32; ++bit) product ^= (b >> bit & 1) != 0 ? a << bit : 0;
    REQUIRE_FALSE(is_irreducible(product));
    REQUIRE(mod(product, a) == 0);
  }
}

TEST_CASE("polynomial: random ones are of degree 53 and differ") {
  Random random;
  const auto fill = [&](ByteSpan out) {
    const std::string bytes = random.bytes(out.size());
    std::memcpy(out.data(), bytes.data(), out.size());
  };
  const Polynomial a = random_polynomial(fill);
  const Polynomial b = random_polynomial(fill);
  CHECK(degree(a) == 53);
  CHECK(is_irreducible(a));
  CHECK(degree(b) == 53);
  CHECK(a != b);
}

TEST_CASE("polynomial: no randomness ends in an error, not in a loop") {
  const auto zeros = [](ByteSpan out) { std::fill(out.begin(), out.end(), std::byte{0}); };
  CHECK(code_of([&] { random_polynomial(zeros); }) == Code::internal);
}

TEST_CASE("rabin: cuts where restic cuts") {
  // The chunks of this file in a repository that restic 0.14 wrote under the first polynomial; for
  // the second, those of restic's chunker library.
  const std::string text = Splitmix(1).bytes(20 << 20);
  REQUIRE(sha256(as_bytes(text)).hex() ==
          "53faf9ffae911db411194223a776574295dcf36ed55d8c9337922e0efe79558b");
  CHECK(cut(RabinTables(0x2f88a4ea20f637), text, text.size()) ==
        Sizes{1093690, 1106392, 1223857, 5322538, 3159117, 930363, 3473318, 1139402, 602815, 753367,
              818980, 1347681});
  CHECK(cut(RabinTables(polynomial), text, text.size()) ==
        Sizes{686181, 2396096, 572647, 987762, 1556808, 766906, 4273775, 1396512, 1773442, 561149,
              700442, 3991902, 604961, 626863, 76074});
}

TEST_CASE("rabin: the pieces in which data comes do not matter") {
  const std::string text = Splitmix(1).bytes(6 << 20);
  const RabinTables tables(polynomial);
  const Sizes expected = cut(tables, text, text.size());
  for (const size_t step : {10007UL, 65536UL, 524287UL, 524288UL, 524289UL, 1000000UL}) {
    CHECK(cut(tables, text, step) == expected);
  }
}

TEST_CASE("rabin: the cut test is the polynomial of the last 64 bytes") {
  const RabinTables tables(0x2f88a4ea20f637);
  const std::string text = Splitmix(2).bytes(4 << 20);
  size_t begin = 0;
  for (const size_t size : cut(tables, text, text.size())) {
    const size_t end = begin + size;
    if (end < text.size()) CHECK(is_candidate({&text[end - 64], 64}, 0x2f88a4ea20f637));
    for (size_t i = begin + min_chunk; i < end; i += 997) {  // a sample of the others
      REQUIRE_FALSE(is_candidate({&text[i - 64], 64}, 0x2f88a4ea20f637));
    }
    begin = end;
  }
}

TEST_CASE("rabin: zeros are cut at the minimum") {
  CHECK(cut(RabinTables(polynomial), std::string(4 * min_chunk, '\0'), 1 << 20) ==
        Sizes(4, min_chunk));
}

TEST_CASE("rabin: data without a cut point is cut at the maximum") {
  CHECK(cut(RabinTables(polynomial), std::string(2 * max_chunk + 5, 'x'), 1 << 20) ==
        Sizes{max_chunk, max_chunk, 5});
}

TEST_CASE("rabin: less than the minimum is one chunk") {
  const RabinTables tables(polynomial);
  RabinCutter cutter(tables);
  const std::string text(min_chunk - 1, '\0');
  CHECK(cutter.scan({}) == 0);
  CHECK(cutter.scan(as_bytes(text).first(1)) == 0);
  CHECK(cutter.scan(as_bytes(text)) == 0);
}

TEST_CASE("rabin: restart forgets the chunk that was begun") {
  const RabinTables tables(polynomial);
  RabinCutter cutter(tables);
  const std::string text = Splitmix(1).bytes(2 << 20);
  const std::string other = Splitmix(9).bytes(600'000);
  CHECK(cutter.scan(as_bytes(other)) == 0);
  cutter.restart();
  CHECK(cutter.scan(as_bytes(text)) == 686181);
}
