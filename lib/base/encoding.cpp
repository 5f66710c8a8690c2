#include "base/encoding.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Values of hexadecimal digits, lower case; 0xff for all other characters. A table, because an
// index has millions of ids.
constexpr std::array<uint8_t, 256> hex_values = [] {
  std::array<uint8_t, 256> values{};
  values.fill(0xff);
  for (uint8_t i = 0; i < 16; ++i) values[static_cast<unsigned char>(hex_digits[i])] = i;
  return values;
}();

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    out.push_back(hex_digits[std::to_integer<unsigned>(b) >> 4]);
    out.push_back(hex_digits[std::to_integer<unsigned>(b) & 15]);
  }
  return out;
}

bool from_hex(std::string_view text, ByteSpan out) noexcept {
  if (text.size() != out.size() * 2) return false;
  unsigned bad = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const unsigned high = hex_values[static_cast<unsigned char>(text[2 * i])];
    const unsigned low = hex_values[static_cast<unsigned char>(text[2 * i + 1])];
    bad |= high | low;
    out[i] = static_cast<std::byte>((high << 4 | low) & 0xff);
  }
  return bad < 16;
}

std::string to_base64(ByteView bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), uc(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

SecretBytes from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > (size_t{1} << 30)) {
    throw Error(Code::corrupt, "base64 text has a length that is not a multiple of four");
  }
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  // OpenSSL's decoder also skips white space and takes '=' anywhere.
  if (text.substr(0, text.size() - padding).find_first_not_of(base64_alphabet) !=
      std::string_view::npos) {
    throw Error(Code::corrupt, "base64 text holds a character that is not base64");
  }
  SecretBytes out(text.size() / 4 * 3);
  EVP_DecodeBlock(uc(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  out.resize(out.size() - padding);
  return out;
}

}  // namespace sapdr::core
