#include "parse.hpp"

#include <charconv>
#include <cmath>
#include <ctime>

#include "failure.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Failure bad_value(std::string_view option, const std::string& value, std::string_view expected) {
  return usage_error(std::string(option) + ": \"" + shown(value) + "\" is not " +
                     std::string(expected));
}

// Takes a non-negative decimal number off the front of `text`; -1 if there is none.
double take_number(std::string_view& text) {
  double value = -1;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !(value >= 0) || !std::isfinite(value)) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

double duration_unit(std::string_view unit) {
  if (unit == "ms") return 1e6;
  if (unit == "s") return 1e9;
  if (unit == "m") return 60e9;
  if (unit == "h") return 3600e9;
  if (unit == "d") return 86400e9;
  return -1;
}

// What follows the seconds: an optional fraction, then "" (local), "Z" or "+hh:mm". Returns false
// if it is something else.
struct Suffix {
  std::int64_t nanoseconds = 0;
  bool local = true;
  std::int64_t offset_seconds = 0;
};
bool parse_suffix(std::string_view text, Suffix& out) {
  if (!text.empty() && text[0] == '.') {
    std::size_t digits = 1;
    for (std::int64_t unit = kSecond / 10; digits < text.size(); ++digits, unit /= 10) {
      if (text[digits] < '0' || text[digits] > '9') break;
      out.nanoseconds += unit * (text[digits] - '0');
    }
    if (digits == 1) return false;
    text.remove_prefix(digits);
  }
  if (text.empty()) return true;
  out.local = false;
  if (text == "Z") return true;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  for (const std::size_t i : {1u, 2u, 4u, 5u}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  const auto two = [&](std::size_t i) { return (text[i] - '0') * 10 + (text[i + 1] - '0'); };
  out.offset_seconds = (two(1) * 3600 + two(4) * 60) * (text[0] == '-' ? -1 : 1);
  return true;
}

}  // namespace

std::uint64_t parse_size(std::string_view option, const std::string& value) {
  static constexpr std::string_view kSuffixes = "kmgt";
  std::string_view rest = value;
  double size = take_number(rest);
  if (rest.size() == 1) {
    const std::size_t power = kSuffixes.find(static_cast<char>(rest[0] | 0x20));
    if (power != std::string_view::npos) {
      size = std::ldexp(size, static_cast<int>(power + 1) * 10);
      rest = {};
    }
  }
  if (size < 0 || !rest.empty() || size >= std::ldexp(1.0, 63)) {
    throw bad_value(option, value, "a size in bytes, such as 4096, 10k, 1.5M, 2G or 1T");
  }
  return static_cast<std::uint64_t>(size);
}

std::uint32_t parse_percent(std::string_view option, const std::string& value) {
  constexpr std::uint32_t kMost = 1'000'000;
  const bool has_sign = value.ends_with('%');
  std::uint32_t percent = 0;
  const char* end = value.data() + value.size() - (has_sign ? 1 : 0);
  const auto [rest, error] = std::from_chars(value.data(), end, percent);
  if (error != std::errc() || rest != end || percent == 0 || percent > kMost) {
    throw bad_value(option, value, "a share of one core in percent, such as 50% or 200%");
  }
  return percent;
}

std::uint32_t parse_level(std::string_view option, const std::string& value) {
  if (value.size() != 1 || value[0] < '1' || value[0] > '7') {
    throw bad_value(option, value, "a level from 1 to 7");
  }
  return static_cast<std::uint32_t>(value[0] - '0');
}

std::int64_t parse_duration(std::string_view option, const std::string& value) {
  static constexpr std::string_view kExpected = "a duration, such as 90s, 5m, 1h30m or 2d";
  std::string_view rest = value;
  double total = 0;
  do {
    const double number = take_number(rest);
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789."));
    const double scale = duration_unit(unit);
    if (number < 0 || (scale < 0 && value != "0")) throw bad_value(option, value, kExpected);
    total += number * scale;
    rest.remove_prefix(unit.size());
  } while (!rest.empty());
  if (total >= std::ldexp(1.0, 63)) throw bad_value(option, value, kExpected);
  return static_cast<std::int64_t>(std::max(total, 0.0));
}

std::int64_t parse_time(std::string_view option, const std::string& value) {
  if (value == "now") return 0;
  std::tm tm{};
  const char* rest = strptime(value.c_str(), "%Y-%m-%d", &tm);
  if (rest != nullptr && (*rest == ' ' || *rest == 'T')) rest = strptime(rest + 1, "%H:%M:%S", &tm);
  Suffix suffix;
  if (rest == nullptr || !parse_suffix(rest, suffix)) {
    throw bad_value(option, value,
                    "a time, such as \"2026-11-22 08:41:00\" (local) or " +
                        std::string("2026-11-22T08:41:00Z"));
  }
  tm.tm_isdst = -1;
  const std::int64_t seconds =
      suffix.local ? std::mktime(&tm) : timegm(&tm) - suffix.offset_seconds;
  if (std::abs(seconds) > INT64_MAX / kSecond - 1) {
    throw bad_value(option, value, "a time between the years 1678 and 2262");
  }
  return seconds * kSecond + suffix.nanoseconds;
}

std::int32_t parse_choice(std::string_view option, const std::string& value,
                          std::initializer_list<Choice> choices) {
  std::string names;
  for (const Choice& choice : choices) {
    if (choice.name == value) return choice.value;
    const bool is_last = &choice == choices.end() - 1;
    names += (names.empty() ? "" : is_last ? " or " : ", ") + std::string(choice.name);
  }
  throw bad_value(option, value, names);
}

std::vector<std::string> split_commas(const std::vector<std::string>& lists) {
  std::vector<std::string> out;
  for (const std::string& list : lists) {
    std::size_t begin = 0;
    for (std::size_t end; (end = list.find(',', begin)) != std::string::npos; begin = end + 1) {
      out.push_back(list.substr(begin, end - begin));
    }
    out.push_back(list.substr(begin));
  }
  return out;
}

}  // namespace sapdr::shell
