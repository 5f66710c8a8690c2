#include "operation/retention.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <limits>
#include <optional>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr UnixNs second = 1'000'000'000;

constexpr std::array<const char*, n_periods> period_names = {"last",   "hourly",  "daily",
                                                             "weekly", "monthly", "yearly"};

time_t seconds_of(UnixNs time) {
  return time / second - (time % second < 0 ? 1 : 0);
}

// What seconds_of leaves out.
UnixNs rest_of(UnixNs time) {
  const UnixNs rest = time % second;
  return rest < 0 ? rest + second : rest;
}

std::tm local_time(UnixNs time) {
  const time_t seconds = seconds_of(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

// Year and week of ISO 8601, in which a week belongs to the year of its Thursday.
int64_t iso_week(const std::tm& day) {
  std::tm thursday = day;
  thursday.tm_mday += 4 - (day.tm_wday == 0 ? 7 : day.tm_wday);
  thursday.tm_hour = 12;
  thursday.tm_isdst = -1;
  mktime(&thursday);
  return int64_t{thursday.tm_year} * 100 + thursday.tm_yday / 7 + 1;
}

// A number that is the same for all points in time of one period.
int64_t bucket(Period period, UnixNs time, size_t number) {
  const std::tm t = local_time(time);
  const int64_t day = (int64_t{t.tm_year} * 100 + t.tm_mon) * 100 + t.tm_mday;
  switch (period) {
    case Period::last:
      return static_cast<int64_t>(number);
    case Period::hourly:
      return day * 100 + t.tm_hour;
    case Period::daily:
      return day;
    case Period::weekly:
      return iso_week(t);
    case Period::monthly:
      return int64_t{t.tm_year} * 100 + t.tm_mon;
    case Period::yearly:
      return t.tm_year;
  }
  return 0;
}

UnixNs newest_not_after(const std::vector<const Snapshot*>& group, UnixNs now) {
  UnixNs newest = std::numeric_limits<UnixNs>::min();
  for (const Snapshot* snapshot : group) {
    if (snapshot->time < now) newest = std::max(newest, snapshot->time);
  }
  return newest;
}

// One rule with what it has seen.
class Rule {
 public:
  Rule(Period period, uint32_t count, std::optional<UnixNs> after, std::string reason)
      : period_(period), left_(count), after_(after), reason_(std::move(reason)) {}

  // Asked for the snapshots of a group, newest first. The oldest one is kept as long as there are
  // counts left, so that the history reaches as far back as it can.
  void judge(Retained& retained, size_t number, bool is_oldest) {
    const UnixNs time = retained.snapshot->time;
    if (left_ == 0 || (after_ && time <= *after_)) return;
    const int64_t value = bucket(period_, time, number);
    const bool is_new = value != last_;
    if (!is_new && !is_oldest) return;
    last_ = value;
    if (left_ != RetentionPolicy::unlimited) --left_;
    retained.reasons.push_back(is_new ? reason_ : "oldest " + reason_);
  }

 private:
  Period period_;
  uint32_t left_;
  std::optional<UnixNs> after_;
  std::string reason_;
  std::optional<int64_t> last_;
};

std::vector<Rule> rules_of(const RetentionPolicy& policy, UnixNs newest) {
  std::vector<Rule> rules;
  for (size_t i = 0; i < n_periods; ++i) {
    if (policy.keep[i] == 0) continue;
    rules.emplace_back(Period(i), policy.keep[i], std::nullopt,
                       std::string(period_names[i]) + " snapshot");
  }
  for (size_t i = 1; i < n_periods; ++i) {
    const CalendarSpan& span = policy.within_period[i];
    if (span.is_zero()) continue;
    rules.emplace_back(Period(i), RetentionPolicy::unlimited, span.before(newest),
                       std::string(period_names[i]) + " within " + span.text());
  }
  return rules;
}

std::string joined(const std::vector<std::string>& tags) {
  std::string text;
  for (const std::string& tag : tags) text += (text.empty() ? "" : ",") + tag;
  return text;
}

}  // namespace

CalendarSpan CalendarSpan::parse(std::string_view text) {
  CalendarSpan span;
  const auto refuse = [&] {
    throw Error(Code::invalid_argument,
                "\"" + std::string(text) + "\" is no span of time; write it as 1y5m7d2h");
  };
  if (text.empty()) refuse();
  for (std::string_view rest = text; !rest.empty();) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    // Beyond ten thousand years of hours, calendars end.
    if (error != std::errc{} || rest.empty() || number > 100'000'000) refuse();
    switch (rest.front()) {
      case 'y':
        span.years = number;
        break;
      case 'm':
        span.months = number;
        break;
      case 'd':
        span.days = number;
        break;
      case 'h':
        span.hours = number;
        break;
      default:
        refuse();
    }
    rest.remove_prefix(1);
  }
  return span;
}

UnixNs CalendarSpan::before(UnixNs time) const {
  std::tm parts = local_time(time);
  parts.tm_year -= static_cast<int>(years);
  parts.tm_mon -= static_cast<int>(months);
  parts.tm_mday -= static_cast<int>(days);
  parts.tm_isdst = -1;
  const int64_t seconds = int64_t{mktime(&parts)} - int64_t{hours} * 3600;
  constexpr int64_t earliest = std::numeric_limits<UnixNs>::min() / second + 1;
  if (seconds <= earliest) return std::numeric_limits<UnixNs>::min();
  return seconds * second + rest_of(time);
}

std::string CalendarSpan::text() const {
  std::string text;
  const auto append = [&](uint32_t number, char unit) {
    if (number != 0) text += std::to_string(number) + unit;
  };
  append(years, 'y');
  append(months, 'm');
  append(days, 'd');
  append(hours, 'h');
  return text;
}

bool RetentionPolicy::is_empty() const {
  return tags.empty() && within.is_zero() &&
         std::ranges::all_of(keep, [](uint32_t n) { return n == 0; }) &&
         std::ranges::all_of(within_period, [](const auto& span) { return span.is_zero(); });
}

std::vector<Retained> apply_policy(const RetentionPolicy& policy,
                                   const std::vector<const Snapshot*>& group, UnixNs now) {
  std::vector<Retained> retained;
  for (const Snapshot* snapshot : group) retained.push_back({snapshot, {}});
  std::ranges::stable_sort(
      retained, [](const auto& a, const auto& b) { return a.snapshot->time > b.snapshot->time; });
  const UnixNs newest = newest_not_after(group, now);
  std::vector<Rule> rules = rules_of(policy, newest);
  for (size_t i = 0; i < retained.size(); ++i) {
    Retained& one = retained[i];
    for (const std::vector<std::string>& tags : policy.tags) {
      if (one.snapshot->has_tags(tags)) one.reasons.push_back("has tags " + joined(tags));
    }
    if (!policy.within.is_zero() && one.snapshot->time > policy.within.before(newest)) {
      one.reasons.push_back("within " + policy.within.text());
    }
    for (Rule& rule : rules) rule.judge(one, i, i + 1 == retained.size());
  }
  return retained;
}

}  // namespace sapdr::core
