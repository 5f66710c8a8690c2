#include "base/time.hpp"

#include <charconv>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr int64_t ns_per_second = 1'000'000'000;
constexpr int64_t seconds_per_day = 86'400;

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

struct Date {
  int64_t year;
  int64_t month;  // 1–12
  int64_t day;    // 1–31
};

// Days since 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the
// leap day is their last one.
int64_t days_of_date(const Date& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = floor_div(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t month = (date.month + 9) % 12;
  const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

Date date_of_days(int64_t days) {
  days += 719'468;
  const int64_t era = floor_div(days, 146'097);
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  const int64_t real_month = month < 10 ? month + 3 : month - 9;
  return {year_of_era + era * 400 + (real_month <= 2 ? 1 : 0), real_month,
          day_of_year - (153 * month + 2) / 5 + 1};
}

int64_t days_in_month(int64_t year, int64_t month) {
  const Date next = month == 12 ? Date{year + 1, 1, 1} : Date{year, month + 1, 1};
  return days_of_date(next) - days_of_date({year, month, 1});
}

int64_t system_offset(int64_t seconds) {
  const time_t t = seconds;
  struct tm fields;
  return localtime_r(&t, &fields) != nullptr ? fields.tm_gmtoff : 0;
}

// Seconds that local time is ahead of UTC. Asking the system is slow and files of one folder are
// often of one age, so a thread remembers the last quarter of an hour without a clock change.
int64_t local_offset(int64_t seconds) {
  constexpr int64_t span = 900;
  thread_local int64_t known_span = std::numeric_limits<int64_t>::min();
  thread_local int64_t known_offset = 0;
  const int64_t current = floor_div(seconds, span);
  if (current == known_span) return known_offset;
  const int64_t offset = system_offset(seconds);
  if (system_offset(current * span) == system_offset(current * span + span - 1)) {
    known_span = current;
    known_offset = offset;
  }
  return offset;
}

void append_padded(std::string& out, int64_t value, size_t digits) {
  char buffer[20];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const auto size = static_cast<size_t>(end - buffer);
  if (size < digits) out.append(digits - size, '0');
  out.append(buffer, size);
}

void append_fraction(std::string& out, int64_t ns) {
  if (ns == 0) return;
  out.push_back('.');
  append_padded(out, ns, 9);
  out.erase(out.find_last_not_of('0') + 1);
}

// Whole minutes, as RFC 3339 has it; some zones of the 19th century were off by seconds.
void append_offset(std::string& out, int64_t offset) {
  if (offset == 0) {
    out.push_back('Z');
    return;
  }
  const int64_t minutes = offset / 60;
  out.push_back(minutes < 0 ? '-' : '+');
  append_padded(out, std::abs(minutes) / 60, 2);
  out.push_back(':');
  append_padded(out, std::abs(minutes) % 60, 2);
}

// Reads the text of a time from left to right.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text), rest_(text) {}

  int64_t number(size_t digits, int64_t min, int64_t max) {
    if (rest_.size() < digits) fail();
    int64_t value = 0;
    for (size_t i = 0; i < digits; ++i) value = value * 10 + take_digit();
    if (value < min || value > max) fail();
    return value;
  }

  void expect(char c) {
    if (!take(c)) fail();
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Nanoseconds; digits after the ninth do not count.
  int64_t fraction() {
    int64_t ns = take_digit() * (ns_per_second / 10);
    for (int64_t unit = ns_per_second / 100; at_digit(); unit /= 10) ns += take_digit() * unit;
    return ns;
  }

  // Seconds ahead of UTC. Go, too, takes 24:60 for the largest offset.
  int64_t offset() {
    if (take('Z')) return 0;
    const bool is_behind = take('-');
    if (!is_behind) expect('+');
    const int64_t hours = number(2, 0, 24);
    expect(':');
    const int64_t seconds = (hours * 60 + number(2, 0, 60)) * 60;
    return is_behind ? -seconds : seconds;
  }

  void expect_end() {
    if (!rest_.empty()) fail();
  }

  [[noreturn]] void fail() const {
    throw Error(Code::corrupt,
                "\"" + std::string(text_.substr(0, 64)) + "\" is not a time of RFC 3339");
  }

 private:
  bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

  int64_t take_digit() {
    if (!at_digit()) fail();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c - '0';
  }

  std::string_view text_;
  std::string_view rest_;
};

UnixNs clamped(int64_t seconds, int64_t ns) {
  using Limits = std::numeric_limits<UnixNs>;
  if (seconds < 0) {  // count both towards zero: the first second of the range is not a whole one
    ++seconds;
    ns -= ns_per_second;
  }
  UnixNs time;
  if (__builtin_mul_overflow(seconds, ns_per_second, &time) ||
      __builtin_add_overflow(time, ns, &time)) {
    return ns < 0 ? Limits::min() : Limits::max();
  }
  return time;
}

}  // namespace

UnixNs now_ns() {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * ns_per_second + now.tv_nsec;
}

void append_time(std::string& out, UnixNs time) {
  const int64_t seconds = floor_div(time, ns_per_second);
  // Not `time - seconds * ns_per_second`: the first second of the range begins before it.
  const int64_t rest = time % ns_per_second;
  const int64_t ns = rest < 0 ? rest + ns_per_second : rest;
  const int64_t offset = local_offset(seconds);
  const int64_t local = seconds + offset;
  const int64_t days = floor_div(local, seconds_per_day);
  const int64_t second_of_day = local - days * seconds_per_day;
  const Date date = date_of_days(days);
  append_padded(out, date.year, 4);
  out.push_back('-');
  append_padded(out, date.month, 2);
  out.push_back('-');
  append_padded(out, date.day, 2);
  out.push_back('T');
  append_padded(out, second_of_day / 3600, 2);
  out.push_back(':');
  append_padded(out, second_of_day / 60 % 60, 2);
  out.push_back(':');
  append_padded(out, second_of_day % 60, 2);
  append_fraction(out, ns);
  append_offset(out, offset);
}

std::string format_time(UnixNs time) {
  std::string out;
  append_time(out, time);
  return out;
}

UnixNs parse_time(std::string_view text) {
  TimeReader reader(text);
  Date date{};
  date.year = reader.number(4, 0, 9999);
  reader.expect('-');
  date.month = reader.number(2, 1, 12);
  reader.expect('-');
  date.day = reader.number(2, 1, days_in_month(date.year, date.month));
  reader.expect('T');
  const int64_t hour = reader.number(2, 0, 23);
  reader.expect(':');
  const int64_t minute = reader.number(2, 0, 59);
  reader.expect(':');
  const int64_t second = reader.number(2, 0, 59);
  const int64_t ns = reader.take('.') || reader.take(',') ? reader.fraction() : 0;
  const int64_t offset = reader.offset();
  reader.expect_end();
  const int64_t local = days_of_date(date) * seconds_per_day + (hour * 60 + minute) * 60 + second;
  return clamped(local - offset, ns);
}

}  // namespace sapdr::core
