#include "chunking/rabin.hpp"

#include <numeric>
#include <span>

#include "checksum/sha256.hpp"
#include "chunking/rabin_kernel.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

constexpr Polynomial polynomial = 0x3da3358b4dc173;

using Sizes = std::vector<size_t>;

// Cuts `text`, of which the cutter is shown `step` bytes more each time it asks.
Sizes cut(const RabinTables& tables, std::string_view text, size_t step,
          RabinForm form = RabinForm::automatic) {
  RabinCutter cutter(tables, form);
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
Polynomial digest_of(std::string_view window, Polynomial modulus) {
  Polynomial digest = 0;
  for (const char c : window) {
    for (int bit = 7; bit >= 0; --bit) {
      digest = mod(digest << 1 | (static_cast<unsigned>(static_cast<unsigned char>(c)) >> bit & 1),
                   modulus);
    }
  }
  return digest;
}

bool is_candidate(std::string_view window, Polynomial modulus) {
  return (digest_of(window, modulus) & candidate_mask) == 0;
}

Polynomial random_polynomial_of(Random& random) {
  return random_polynomial([&](ByteSpan out) {
    const std::string bytes = random.bytes(out.size());
    std::memcpy(out.data(), bytes.data(), out.size());
  });
}

struct Form {
  const char* name;
  RabinForm form;
};

// Those that this machine runs, the fastest one last, without the serial one, with which they are
// compared.
std::vector<Form> fast_forms() {
  std::vector<Form> forms{{"interleaved", RabinForm::interleaved}};
  for (const Form& form : {Form{"avx2", RabinForm::avx2}, Form{"gfni", RabinForm::gfni}}) {
    if (rabin_kernel(form.form) != nullptr) forms.push_back(form);
  }
  return forms;
}

// What is searched lies behind a first window, in memory of exactly its size: a sanitizer sees what
// is read beyond it.
class Searched {
 public:
  Searched(const RabinTables& tables, Polynomial modulus, std::string_view text)
      : tables_(tables), modulus_(modulus), text_(text.begin(), text.end()) {}

  size_t size() const { return text_.size() - rabin_window; }

  size_t first(RabinForm form, size_t from, size_t size) const {
    return rabin_kernel(form)(tables_, std::as_bytes(std::span(text_)).data() + rabin_window + from,
                              size);
  }
  size_t first(RabinForm form) const { return first(form, 0, size()); }

  // All candidates, as found in pieces of `step`.
  Sizes all(RabinForm form, size_t step) const {
    Sizes found;
    for (size_t done = 0; done < size();) {
      const size_t part = std::min(step, size() - done);
      const size_t next = first(form, done, part);
      done += next == no_candidate ? part : next;
      if (next != no_candidate) found.push_back(done);
    }
    return found;
  }

  // Makes `at` a candidate: the last bytes of a window are added to its digest as they are.
  void plant(size_t at) {
    char* const end = text_.data() + rabin_window + at;
    uint64_t low = digest_of({end - rabin_window, rabin_window}, modulus_) & candidate_mask;
    for (char* p = end - 1; low != 0; --p, low >>= 8) *p ^= static_cast<char>(low);
  }

  // Of the candidates that there are by chance.
  void remove_all() {
    for (size_t at = 0; (at = first(RabinForm::serial)) != no_candidate;) {
      text_[rabin_window + at - 1] ^= 1;
    }
  }

 private:
  const RabinTables& tables_;
  Polynomial modulus_;
  std::vector<char> text_;
};

std::string some_document(Random& random, size_t size) {
  std::string words[200];
  for (std::string& word : words) {
    for (uint64_t n = random.below(9) + 1; n > 0; --n) {
      word.push_back(static_cast<char>('a' + random.below(26)));
    }
  }
  std::string text;
  while (text.size() < size) {
    text += words[random.below(200)];
    text += random.below(12) == 0 ? ".\n" : " ";
  }
  return text.substr(0, size);
}

constexpr size_t vector_stretch = 33 * 64;
constexpr size_t vector_block = 64 * vector_stretch;

// Around where stretches, tiles and blocks of the forms end.
Sizes edges(size_t limit) {
  Sizes at;
  const auto add_multiples = [&](size_t unit, size_t first, size_t count) {
    for (size_t n = 0; n < count; ++n) at.push_back(first + n * unit);
  };
  // Stretches of the vector form in two blocks.
  add_multiples(vector_stretch, 0, 129);
  // Tiles of one stretch; of the last one, and of the first one of the next block.
  add_multiples(64, 5 * vector_stretch, 33);
  add_multiples(64, 63 * vector_stretch, 67);
  // What is left for smaller blocks.
  add_multiples(4096, 2 * vector_block, 4);
  // Stretches of the interleaved form.
  add_multiples(4160, 0, 65);
  Sizes around;
  for (const size_t edge : at) {
    for (const size_t place : {edge - 1, edge, edge + 1}) {
      if (place >= 1 && place <= limit) around.push_back(place);
    }
  }
  return around;
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
  const Polynomial a = random_polynomial_of(random);
  const Polynomial b = random_polynomial_of(random);
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

TEST_CASE("rabin: the fastest form that the machine runs is taken") {
  if (rabin_kernel(RabinForm::avx2) == nullptr) MESSAGE("no AVX2: its form is not tested here");
  if (rabin_kernel(RabinForm::gfni) == nullptr) {
    MESSAGE("no AVX-512 or no GFNI: their form is not tested here");
  }
  const bool is_fastest =
      rabin_kernel(RabinForm::automatic) == rabin_kernel(fast_forms().back().form);
  CHECK(is_fastest);
}

TEST_CASE("rabin: all forms find the same candidates") {
  Random random;
  constexpr size_t size = 600'000;
  const std::string line = "the same line again and again\n";
  std::string lines;
  while (lines.size() < size) lines += line;
  std::string texts[] = {random.bytes(size), some_document(random, size), lines};
  for (int i = 0; i < 4; ++i) {
    const Polynomial modulus = i == 0 ? polynomial : random_polynomial_of(random);
    const RabinTables tables(modulus);
    for (const std::string& text : texts) {
      Searched searched(tables, modulus, text);
      for (int n = 0; n < 20; ++n) searched.plant(random.below(searched.size()) + 1);
      const Sizes expected = searched.all(RabinForm::serial, size);
      CHECK(expected.size() >= 15);
      for (const Form& form : fast_forms()) {
        CAPTURE(form.name);
        CAPTURE(modulus);
        CHECK(searched.all(form.form, size) == expected);
        CHECK(searched.all(form.form, random.below(100'000) + 1000) == expected);
      }
    }
  }
}

TEST_CASE("rabin: in zeros every place is a candidate, in all forms") {
  const RabinTables tables(polynomial);
  const Searched searched(tables, polynomial, std::string(300'000, '\0'));
  for (const Form& form : fast_forms()) {
    CAPTURE(form.name);
    for (const size_t size : {0UL, 1UL, 64UL, 4096UL, 8192UL, 33280UL, vector_block, 200'000UL}) {
      CHECK(searched.first(form.form, 0, size) == (size == 0 ? no_candidate : 1));
    }
  }
}

TEST_CASE("rabin: a candidate is found at every edge, in all forms") {
  Random random;
  const Polynomial modulus = random_polynomial_of(random);
  CAPTURE(modulus);
  const RabinTables tables(modulus);
  Searched empty(tables, modulus, random.bytes(rabin_window + 2 * vector_block + 3 * 4096 + 100));
  empty.remove_all();
  for (const Form& form : fast_forms()) REQUIRE(empty.first(form.form) == no_candidate);
  for (const size_t at : edges(empty.size())) {
    Searched searched = empty;
    searched.plant(at);
    // The first two of the three bytes that planting changes may happen to end a candidate, too.
    const size_t from = std::max<size_t>(at, 3) - 3;
    const size_t expected = from + searched.first(RabinForm::serial, from, at - from);
    for (const Form& form : fast_forms()) {
      CAPTURE(form.name);
      CAPTURE(at);
      REQUIRE(searched.first(form.form) == expected);
    }
  }
}

TEST_CASE("rabin: a later place of an earlier stretch comes first, in all forms") {
  const RabinTables tables(polynomial);
  Random random;
  Searched empty(tables, polynomial, random.bytes(rabin_window + vector_block));
  empty.remove_all();
  for (int i = 0; i < 100; ++i) {
    Searched searched = empty;
    const size_t lane = random.below(60) + 1;
    searched.plant((lane + random.below(4)) * vector_stretch + random.below(500) + 1);
    searched.plant(lane * vector_stretch - random.below(500));
    for (uint64_t n = random.below(4); n > 0; --n) searched.plant(random.below(vector_block) + 1);
    const size_t expected = searched.first(RabinForm::serial);
    for (const Form& form : fast_forms()) {
      CAPTURE(form.name);
      REQUIRE(searched.first(form.form) == expected);
    }
  }
}

TEST_CASE("rabin: any size at any alignment, in all forms") {
  const RabinTables tables(polynomial);
  Random random;
  Sizes sizes(130);
  std::iota(sizes.begin(), sizes.end(), size_t{1});
  for (const size_t unit :
       {4096UL, 8192UL, 12288UL, 16384UL, 33280UL, vector_block, vector_block + 4096}) {
    for (size_t size = unit - 2; size <= unit + 2; ++size) sizes.push_back(size);
  }
  for (const size_t size : sizes) {
    const size_t shift = random.below(64);
    Searched searched(tables, polynomial, random.bytes(rabin_window + shift + size));
    searched.remove_all();
    searched.plant(shift + size);
    const size_t before = searched.first(RabinForm::serial, shift, size - 1);
    const size_t expected = searched.first(RabinForm::serial, shift, size);
    for (const Form& form : fast_forms()) {
      CAPTURE(form.name);
      CAPTURE(size);
      REQUIRE(searched.first(form.form, shift, size - 1) == before);
      REQUIRE(searched.first(form.form, shift, size) == expected);
    }
  }
}

TEST_CASE("rabin: all forms cut alike, in whatever pieces data comes") {
  Random random;
  const Polynomial modulus = random_polynomial_of(random);
  CAPTURE(modulus);
  const RabinTables tables(modulus);
  for (const std::string& text :
       {random.bytes(6 << 20), some_document(random, 6 << 20), std::string(3 << 20, '\0')}) {
    const Sizes expected = cut(tables, text, text.size(), RabinForm::serial);
    for (const Form& form : fast_forms()) {
      CAPTURE(form.name);
      for (int i = 0; i < 4; ++i) {
        const size_t step = random.below(1 << 20) + 5000;
        CAPTURE(step);
        CHECK(cut(tables, text, step, form.form) == expected);
      }
    }
    CHECK(cut(tables, text, 1 << 20) == expected);
  }
}
