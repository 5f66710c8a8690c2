#include "base/utf8.hpp"

namespace sapdr::core {

namespace {
constexpr Rune invalid{0xfffd, 1};
}

Rune decode_rune(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xc2 || first > 0xf4) return invalid;

  const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < size) return invalid;
  char32_t value = first & (0x7fU >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return invalid;
    value = value << 6 | (byte(i) & 0x3f);
  }
  const bool is_overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
  if (is_overlong || is_surrogate || value > 0x10ffff) return invalid;
  return {value, size};
}

void append_rune(std::string& out, char32_t rune) {
  const auto push = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (rune < 0x80) {
    push(rune);
  } else if (rune < 0x800) {
    push(0xc0 | rune >> 6);
    push(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    push(0xe0 | rune >> 12);
    push(0x80 | (rune >> 6 & 0x3f));
    push(0x80 | (rune & 0x3f));
  } else {
    push(0xf0 | rune >> 18);
    push(0x80 | (rune >> 12 & 0x3f));
    push(0x80 | (rune >> 6 & 0x3f));
    push(0x80 | (rune & 0x3f));
  }
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (rune.is_invalid()) return false;
    text.remove_prefix(rune.size);
  }
  return true;
}

}  // namespace sapdr::core
