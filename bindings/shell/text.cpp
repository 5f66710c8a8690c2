#include "text.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <ctime>

namespace sapdr::shell {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

template <class... Args>
std::string formatted(const char* format, Args... args) {
  std::array<char, 128> buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), format, args...);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// Controls, line separators, and the marks that reorder what stands around them.
bool drives_a_terminal(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F || c == 0x061C ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_escape(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c < 0x80) {
    out += formatted("\\x%02x", static_cast<unsigned>(c));
  } else {
    out += formatted("\\u{%04x}", static_cast<unsigned>(c));
  }
}

std::string escaped(std::string_view text, bool double_backslash) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (c.size == 0) {
      out += formatted("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[0])));
    } else if (drives_a_terminal(c.value)) {
      append_escape(out, c.value);
    } else {
      if (double_backslash && c.value == '\\') out += '\\';
      out += text.substr(0, c.size);
    }
    text.remove_prefix(c.size == 0 ? 1 : c.size);
  }
  return out;
}

// Splits into whole seconds and the nanoseconds after them, also before 1970.
struct Instant {
  std::time_t seconds;
  std::int64_t nanoseconds;
};
Instant split(std::int64_t unix_ns) {
  std::int64_t seconds = unix_ns / kNanoseconds;
  std::int64_t rest = unix_ns % kNanoseconds;
  if (rest < 0) {
    rest += kNanoseconds;
    --seconds;
  }
  return {seconds, rest};
}

std::string local_format(std::int64_t unix_ns, const char* format) {
  const std::time_t seconds = split(unix_ns).seconds;
  std::tm tm{};
  localtime_r(&seconds, &tm);
  std::array<char, 64> buffer;
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &tm)};
}

}  // namespace

CodePoint first_code_point(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t size = utf8_length(at(0));
  if (size == 1) return {at(0), 1};
  if (size == 0 || bytes.size() < size) return {0, 0};
  char32_t value = at(0) & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {0, 0};
    value = (value << 6) | (at(i) & 0x3F);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (overlong || surrogate || value > 0x10FFFF) return {0, 0};
  return {value, size};
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const CodePoint c = first_code_point(bytes);
    if (c.size == 0) return false;
    bytes.remove_prefix(c.size);
  }
  return true;
}

std::string shown(std::string_view name) {
  return escaped(name, true);
}

std::string printable(std::string_view text) {
  return escaped(text, false);
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return formatted("%" PRIu64 " B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return formatted("%.3f %s", value, kUnits[unit]);
}

std::string human_duration(std::uint64_t nanoseconds) {
  const std::uint64_t total = nanoseconds / static_cast<std::uint64_t>(kNanoseconds);
  const std::uint64_t hours = total / 3600;
  const std::uint64_t minutes = total / 60 % 60;
  const std::uint64_t seconds = total % 60;
  if (hours == 0) return formatted("%" PRIu64 ":%02" PRIu64, minutes, seconds);
  return formatted("%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes, seconds);
}

std::string human_ratio(std::uint64_t a, std::uint64_t b) {
  if (b == 0) return "-";
  return formatted("%.2fx", static_cast<double>(a) / static_cast<double>(b));
}

std::string counted(std::uint64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

std::string local_time(std::int64_t unix_ns) {
  return local_format(unix_ns, "%Y-%m-%d %H:%M:%S");
}

std::string local_date(std::int64_t unix_ns) {
  return local_format(unix_ns, "%Y-%m-%d");
}

std::string utc_time(std::int64_t unix_ns) {
  const Instant instant = split(unix_ns);
  std::tm tm{};
  gmtime_r(&instant.seconds, &tm);
  return formatted("%04d-%02d-%02dT%02d:%02d:%02d.%09" PRId64 "Z", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, instant.nanoseconds);
}

std::string to_hex(const sapdr_id& id) {
  std::string out;
  for (const std::uint8_t byte : id.bytes) {
    std::array<char, 3> digits;
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    out += digits.data();
  }
  return out;
}

std::string short_id(std::string_view hex) {
  return std::string(hex.substr(0, 8));
}

}  // namespace sapdr::shell
