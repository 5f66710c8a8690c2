#include "net/azure/secret_text.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/utf8.hpp"

namespace sapdr::core {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void append_encoded(SecretBytes& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(static_cast<std::byte>(c));
      continue;
    }
    const auto value = static_cast<unsigned char>(c);
    for (const char part : {'%', digits[value >> 4], digits[value & 15]}) {
      out.push_back(static_cast<std::byte>(part));
    }
  }
}

void replace_all(std::string& text, std::string_view what) {
  if (what.size() < 4) return;  // shorter ones would take half the message with them
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos;) {
    text.replace(at, what.size(), "***");
    at += 3;
  }
}

// A JSON Web Token begins with the base64 of "{\"".
void hide_tokens(std::string& text) {
  for (size_t at = 0; (at = text.find("eyJ", at)) != std::string::npos; at += 3) {
    const auto first = text.begin() + static_cast<ptrdiff_t>(at);
    const auto last = std::find_if_not(first, text.end(), [](char c) {
      return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '=';
    });
    text.replace(first, last, "***");
  }
}

// Runs of white space and control characters become one space; bytes that are no UTF-8 a "?".
std::string in_one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (rune.value <= 0x20 || rune.value == 0x7f) {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else if (rune.is_invalid()) {
      out.push_back('?');
    } else {
      out.append(text.substr(0, rune.size));
    }
    text.remove_prefix(rune.size);
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

void append_field(SecretBytes& form, std::string_view name, std::string_view value) {
  if (!form.empty()) append(form, "&");
  append_encoded(form, name);
  append(form, "=");
  append_encoded(form, value);
}

SecretBytes read_secret_file(const std::string& path, size_t limit, std::string_view what) {
  const std::string object = std::string(what) + " " + path;
  // Without O_NONBLOCK a fifo in its place would hang us.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) throw system_error(errno, "open", object);
  SecretBytes content(limit + 1);
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t n =
        retry_eintr([&] { return ::read(fd.get(), content.data() + size, content.size() - size); });
    if (n < 0) throw system_error(errno, "read", object);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > limit) {
    throw Error(Code::invalid_argument, object + " has more than " + std::to_string(limit) +
                                            " bytes; is it the right one?");
  }
  content.resize(size);
  return content;
}

std::string base64url(ByteView bytes) {
  std::string text = to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

std::string quoted(std::string_view text, size_t limit,
                   std::initializer_list<std::string_view> secrets) {
  constexpr size_t looked_at = 64 * 1024;
  std::string out(text.substr(0, looked_at));
  for (const std::string_view secret : secrets) replace_all(out, secret);
  hide_tokens(out);
  out = in_one_line(out);
  if (out.size() <= limit) return out;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
  out.resize(end);
  return out + "…";
}

}  // namespace sapdr::core
