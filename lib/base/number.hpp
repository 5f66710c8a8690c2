// Numbers in texts.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace sapdr::core {

// A number that is all of the text: no spaces, nothing behind it, no sign of an unsigned one.
// `how`: the base, or for floating point the format, as std::from_chars takes it.
template <class T, class... How>
std::optional<T> parse_number(std::string_view text, How... how) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, how...);
  if (error != std::errc{} || at != end) return std::nullopt;
  return value;
}

}  // namespace sapdr::core
