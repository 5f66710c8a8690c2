// UTF-8 as Go decodes it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sapdr::core {

struct Rune {
  char32_t value;
  size_t size;  // bytes

  // One byte that begins no valid sequence: read as U+FFFD.
  bool is_invalid() const { return size == 1 && value == 0xfffd; }
};

// The first rune of `text`, which is not empty. Surrogates, overlong forms and values past U+10FFFF
// are invalid.
Rune decode_rune(std::string_view text) noexcept;

void append_rune(std::string& out, char32_t rune);

bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace sapdr::core
