#include "json.hpp"

#include <array>
#include <cstdio>

#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
    out += c;
    return;
  }
  std::array<char, 8> escape;
  std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
  out += escape.data();
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  while (!value.empty()) {
    const CodePoint c = first_code_point(value);
    if (c.size == 0) {
      out += kReplacement;
    } else if (c.size == 1) {
      append_ascii(out, value[0]);
    } else {
      out += value.substr(0, c.size);
    }
    value.remove_prefix(c.size == 0 ? 1 : c.size);
  }
  out += '"';
  return out;
}

}  // namespace

JsonObject& JsonObject::raw(std::string_view key, std::string_view value) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += '"';
  fields_ += key;
  fields_ += "\":";
  fields_ += value;
  return *this;
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
  return raw(key, quoted(value));
}

JsonObject& JsonObject::bytes(std::string_view key, std::string_view value) {
  text(key, value);
  if (!is_utf8(value)) text(std::string(key) + "_base64", base64(value));
  return *this;
}

JsonObject& JsonObject::texts(std::string_view key, const std::vector<std::string>& values) {
  std::string list = "[";
  for (const std::string& value : values) {
    if (list.size() > 1) list += ',';
    list += quoted(value);
  }
  return raw(key, list + "]");
}

JsonObject& JsonObject::flag(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

JsonObject& JsonObject::seconds(std::string_view key, std::uint64_t nanoseconds) {
  std::array<char, 40> number;
  std::snprintf(number.data(), number.size(), "%.3f", static_cast<double>(nanoseconds) / 1e9);
  return raw(key, number.data());
}

JsonObject& JsonObject::append(const JsonObject& others) {
  if (!fields_.empty() && !others.fields_.empty()) fields_ += ',';
  fields_ += others.fields_;
  return *this;
}

JsonObject& JsonObject::object(std::string_view key, const JsonObject& value) {
  return raw(key, value.str());
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = (group << 8) | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u);
    }
    out += kDigits[group >> 18 & 63];
    out += kDigits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return out;
}

}  // namespace sapdr::shell
