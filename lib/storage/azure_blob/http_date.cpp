#include "storage/azure_blob/http_date.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace sapdr::core {

namespace {

constexpr int64_t ns_per_second = 1'000'000'000;
constexpr std::array<const char*, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view pattern = "Www, 00 Mmm 0000 00:00:00 GMT";

// The digits at a place, -1 if there are others.
int number(std::string_view text, size_t at, size_t digits) {
  int value = 0;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + digits, value);
  return error == std::errc() && end == begin + digits && *begin != '-' ? value : -1;
}

int month_of(std::string_view name) {
  for (size_t i = 0; i < months.size(); ++i) {
    if (months[i] == name) return static_cast<int>(i);
  }
  return -1;
}

bool fits_pattern(std::string_view text) {
  if (text.size() != pattern.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::string_view(", :").find(pattern[i]) != std::string_view::npos &&
        text[i] != pattern[i]) {
      return false;
    }
  }
  return text.ends_with(" GMT");
}

}  // namespace

// Not by strftime, whose names follow the locale of the program.
std::string format_http_date(UnixNs time) {
  const time_t seconds = time / ns_per_second;
  struct tm t {};
  gmtime_r(&seconds, &t);
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                weekdays[static_cast<size_t>(t.tm_wday)], t.tm_mday,
                months[static_cast<size_t>(t.tm_mon)].data(), t.tm_year + 1900, t.tm_hour, t.tm_min,
                t.tm_sec);
  return text.data();
}

std::optional<UnixNs> parse_http_date(std::string_view text) {
  if (!fits_pattern(text)) return std::nullopt;
  struct tm t {};
  t.tm_mday = number(text, 5, 2);
  t.tm_mon = month_of(text.substr(8, 3));
  const int year = number(text, 12, 4);
  t.tm_hour = number(text, 17, 2);
  t.tm_min = number(text, 20, 2);
  t.tm_sec = number(text, 23, 2);
  const bool is_date = t.tm_mday >= 1 && t.tm_mday <= 31 && t.tm_mon >= 0 && year >= 1970 &&
                       year <= 2200 && t.tm_hour >= 0 && t.tm_hour < 24 && t.tm_min >= 0 &&
                       t.tm_min < 60 && t.tm_sec >= 0 && t.tm_sec <= 60;
  if (!is_date) return std::nullopt;
  t.tm_year = year - 1900;
  return static_cast<UnixNs>(timegm(&t)) * ns_per_second;
}

}  // namespace sapdr::core
