// What several unit tests share.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/id.hpp"
#include "support/errors.hpp"
#include "support/seed.hpp"

namespace sapdr::test {

using namespace sapdr::core;

class Random {
 public:
  Random() : engine_(seed()) {}

  uint64_t below(uint64_t limit) { return engine_() % limit; }
  uint64_t number() { return engine_() >> below(64); }  // of any length
  uint32_t number32() { return static_cast<uint32_t>(engine_()) >> below(32); }
  std::string bytes(size_t size);
  // Bytes that often make up UTF-8, or nearly.
  std::string name(size_t max_size);
  std::string text(size_t max_size);  // valid UTF-8
  Id id();

 private:
  std::mt19937_64 engine_;
};

// A generator that other languages repeat in five lines, for expected values from outside.
class Splitmix {
 public:
  explicit Splitmix(uint64_t start) : state_(start) {}
  uint64_t next();
  std::string bytes(size_t size);  // size is a multiple of eight

 private:
  uint64_t state_;
};

// A literal that may hold NUL.
template <size_t N>
std::string S(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

std::string hex_to_bytes(std::string_view hex);

// Gives `parse` every beginning of `good`, and `good` with each single bit flipped: it may read
// them or say that they are damaged, nothing else.
template <class Parse>
void survive_damage(std::string_view good, Parse parse) {
  const auto try_one = [&](const std::string& text) {
    const Code code = code_of([&] { parse(text); });
    const bool is_expected = code == Code::ok || code == Code::corrupt || code == Code::unsupported;
    CHECK_MESSAGE(is_expected, "code ", static_cast<int>(code), " for ", text);
  };
  for (size_t size = 0; size < good.size(); ++size) try_one(std::string(good.substr(0, size)));
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string text(good);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    try_one(text);
  }
}

}  // namespace sapdr::test
