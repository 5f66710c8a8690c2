#include "base/go_quote.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/utf8.hpp"

namespace sapdr::core {

namespace {

void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out.push_back("0123456789abcdef"[value >> shift & 15]);
  }
}

// The letter after the backslash, 0 if there is no short form. The two lists correspond.
constexpr std::string_view escape_letters = "abfnrtv\\\"";
constexpr std::string_view escaped_bytes = "\a\b\f\n\r\t\v\\\"";

void append_escaped(std::string& out, char32_t rune) {
  out.push_back('\\');
  const size_t i = rune < 0x80 ? escaped_bytes.find(static_cast<char>(rune)) : std::string::npos;
  if (i != std::string::npos) {
    out.push_back(escape_letters[i]);
  } else if (rune < 0x80) {
    out.push_back('x');
    append_hex(out, rune, 2);
  } else if (rune < 0x10000) {
    out.push_back('u');
    append_hex(out, rune, 4);
  } else {
    out.push_back('U');
    append_hex(out, rune, 8);
  }
}

[[noreturn]] void fail() {
  throw Error(Code::corrupt, "a file name in a tree is not quoted as it must be");
}

// Takes `count` digits of base 2^bits off the front of `text`.
uint32_t take_digits(std::string_view& text, size_t count, int bits) {
  if (text.size() < count) fail();
  uint32_t value = 0;
  for (const char c : text.substr(0, count)) {
    const std::string_view digits = "0123456789abcdef";
    const size_t digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (digit >= size_t{1} << bits) fail();
    value = value << bits | static_cast<uint32_t>(digit);
  }
  text.remove_prefix(count);
  return value;
}

// Appends what one escape sequence stands for; `text` begins after the backslash.
void take_escape(std::string& out, std::string_view& text) {
  if (text.empty()) fail();
  const char letter = text.front();
  if (letter >= '0' && letter <= '7') {
    const uint32_t value = take_digits(text, 3, 3);
    if (value > 255) fail();
    out.push_back(static_cast<char>(value));
    return;
  }
  text.remove_prefix(1);
  if (letter == 'x') {
    out.push_back(static_cast<char>(take_digits(text, 2, 4)));
  } else if (letter == 'u' || letter == 'U') {
    const char32_t rune = take_digits(text, letter == 'u' ? 4 : 8, 4);
    if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) fail();
    append_rune(out, rune);
  } else {
    const size_t i = escape_letters.find(letter);
    if (i == std::string::npos) fail();
    out.push_back(escaped_bytes[i]);
  }
}

}  // namespace

std::string go_quote(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Rune rune = decode_rune(bytes);
    if (rune.is_invalid()) {
      out.append("\\x");
      append_hex(out, static_cast<unsigned char>(bytes.front()), 2);
    } else if (rune.value == '"' || rune.value == '\\' || !is_printable(rune.value)) {
      append_escaped(out, rune.value);
    } else {
      out.append(bytes.substr(0, rune.size));
    }
    bytes.remove_prefix(rune.size);
  }
  return out;
}

std::string go_unquote(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    if (c == '"' || c == '\n') fail();
    if (c == '\\') {
      text.remove_prefix(1);
      take_escape(out, text);
      continue;
    }
    const Rune rune = decode_rune(text);
    append_rune(out, rune.value);
    text.remove_prefix(rune.size);
  }
  return out;
}

}  // namespace sapdr::core
