#include "operation/retention.hpp"

#include <cstdlib>
#include <ctime>

#include "support.hpp"

using namespace sapdr::test;

namespace {

// Local time is what the tests say, and is put back afterwards.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    if (const char* old = std::getenv("TZ")) old_ = old;
    setenv("TZ", zone, 1);
    tzset();
  }
  ~TimeZone() {
    old_.empty() ? unsetenv("TZ") : setenv("TZ", old_.c_str(), 1);
    tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  std::string old_;
};

const UnixNs now = parse_time("2026-11-23T12:00:00Z");

std::vector<Snapshot> at(const std::vector<const char*>& times) {
  std::vector<Snapshot> snapshots;
  for (const char* time : times) snapshots.emplace_back().time = parse_time(time);
  return snapshots;
}

// The times of those that stay, newest first.
std::vector<std::string> kept(const RetentionPolicy& policy, const std::vector<Snapshot>& all) {
  std::vector<const Snapshot*> group;
  for (const Snapshot& snapshot : all) group.push_back(&snapshot);
  std::vector<std::string> times;
  for (const Retained& one : apply_policy(policy, group, now)) {
    if (!one.reasons.empty()) times.push_back(format_time(one.snapshot->time));
  }
  return times;
}

RetentionPolicy keep(Period period, uint32_t n) {
  RetentionPolicy policy;
  policy.keep[static_cast<size_t>(period)] = n;
  return policy;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("retention: the newest of each period is kept") {
  const TimeZone zone("UTC");
  const auto all = at({"2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", "2026-11-21T10:00:00Z",
                       "2026-11-21T10:30:00Z", "2026-11-22T01:00:00Z"});
  CHECK(kept(keep(Period::last, 2), all) == Times{"2026-11-22T01:00:00Z", "2026-11-21T10:30:00Z"});
  CHECK(kept(keep(Period::daily, 2), all) == Times{"2026-11-22T01:00:00Z", "2026-11-21T10:30:00Z"});
  CHECK(kept(keep(Period::hourly, 3), all) ==
        Times{"2026-11-22T01:00:00Z", "2026-11-21T10:30:00Z", "2026-11-20T09:00:00Z"});
  // 2026-11-22 is a Sunday: one week.
  CHECK(kept(keep(Period::weekly, 1), all) == Times{"2026-11-22T01:00:00Z"});
}

TEST_CASE("retention: while counts are left, the oldest is kept as well") {
  const TimeZone zone("UTC");
  const auto all = at({"2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", "2026-11-21T10:00:00Z"});
  CHECK(kept(keep(Period::daily, 5), all) ==
        Times{"2026-11-21T10:00:00Z", "2026-11-20T09:00:00Z", "2026-11-20T08:00:00Z"});
  CHECK(kept(keep(Period::monthly, RetentionPolicy::unlimited), all) ==
        Times{"2026-11-21T10:00:00Z", "2026-11-20T08:00:00Z"});
}

TEST_CASE("retention: weeks are those of ISO 8601, across the end of a year") {
  const TimeZone zone("UTC");
  // Week 53 of 2020 goes from 2020-12-28 to 2021-01-03.
  const auto all = at({"2020-12-27T12:00:00Z", "2020-12-28T12:00:00Z", "2021-01-03T12:00:00Z",
                       "2021-01-04T12:00:00Z"});
  CHECK(kept(keep(Period::weekly, 2), all) ==
        Times{"2021-01-04T12:00:00Z", "2021-01-03T12:00:00Z"});
}

TEST_CASE("retention: days are those of the local calendar") {
  const auto all = at({"2026-11-20T22:30:00Z", "2026-11-20T23:30:00Z", "2026-11-21T02:00:00Z"});
  {
    const TimeZone zone("UTC");
    CHECK(kept(keep(Period::daily, 2), all).size() == 2);
    CHECK(kept(keep(Period::daily, 2), all)[1] == "2026-11-20T23:30:00Z");
  }
  const TimeZone zone("CET-1CEST");
  CHECK(kept(keep(Period::daily, 2), all)[1] == "2026-11-20T23:30:00+01:00");
}

TEST_CASE("retention: within is measured from the newest, but not from the future") {
  const TimeZone zone("UTC");
  RetentionPolicy policy;
  policy.within = CalendarSpan::parse("1m1d");
  const auto all = at({"2026-09-30T08:00:00Z", "2026-10-14T09:00:00Z", "2026-10-14T08:00:00Z",
                       "2026-11-15T08:00:00Z", "2027-11-15T08:00:00Z"});
  CHECK(kept(policy, all) ==
        Times{"2027-11-15T08:00:00Z", "2026-11-15T08:00:00Z", "2026-10-14T09:00:00Z"});
  RetentionPolicy daily;
  daily.within_period[static_cast<size_t>(Period::daily)] = CalendarSpan::parse("40d");
  CHECK(kept(daily, all) ==
        Times{"2027-11-15T08:00:00Z", "2026-11-15T08:00:00Z", "2026-10-14T09:00:00Z"});
}

TEST_CASE("retention: tags keep what has all of one list") {
  const TimeZone zone("UTC");
  auto all = at({"2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z"});
  all[0].tags = {"release", "model"};
  all[1].tags = {"model"};
  RetentionPolicy policy;
  policy.tags = {{"model", "release"}};
  CHECK(kept(policy, all) == Times{"2026-11-20T08:00:00Z"});
  policy.tags.push_back({"model"});
  CHECK(kept(policy, all).size() == 2);
  policy.tags.push_back({""});  // what has no tags
  CHECK(kept(policy, all).size() == 3);
}

TEST_CASE("retention: a policy without rules keeps nothing, and says that it is empty") {
  CHECK(RetentionPolicy{}.is_empty());
  CHECK_FALSE(keep(Period::yearly, 1).is_empty());
  CHECK(kept({}, at({"2026-11-20T08:00:00Z"})).empty());
  CHECK(kept(keep(Period::last, 3), {}).empty());
}

TEST_CASE("retention: snapshots of impossible times are no trouble") {
  RetentionPolicy policy = keep(Period::weekly, 2);
  policy.within = CalendarSpan::parse("1y");
  std::vector<Snapshot> all(3);
  all[0].time = INT64_MIN;
  all[1].time = INT64_MAX;
  all[2].time = INT64_MIN + 1;
  CHECK(kept(policy, all).size() >= 2);
}

TEST_CASE("retention: spans of time") {
  const CalendarSpan span = CalendarSpan::parse("1y5m7d2h");
  CHECK((span.years == 1 && span.months == 5 && span.days == 7 && span.hours == 2));
  CHECK(span.text() == "1y5m7d2h");
  CHECK(CalendarSpan::parse("36h").text() == "36h");
  CHECK(CalendarSpan::parse("99999999y").before(now) == INT64_MIN);
  for (const char* bad : {"", "7", "d", "-1d", "1w", "1d ", "99999999999d", "1.5d"}) {
    CHECK_MESSAGE(code_of([&] { CalendarSpan::parse(bad); }) == Code::invalid_argument, bad);
  }
}
