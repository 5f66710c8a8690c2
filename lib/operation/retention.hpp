// Retention: which snapshots a policy keeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/snapshot.hpp"

namespace sapdr::core {

// A span on the calendar: "1y5m7d2h".
struct CalendarSpan {
  uint32_t years = 0;
  uint32_t months = 0;
  uint32_t days = 0;
  uint32_t hours = 0;

  // Throws Code::invalid_argument.
  static CalendarSpan parse(std::string_view text);
  bool is_zero() const { return years == 0 && months == 0 && days == 0 && hours == 0; }
  // The point in time that lies this far before, in local time.
  UnixNs before(UnixNs time) const;
  std::string text() const;
};

// The periods by which snapshots are kept.
enum class Period { last, hourly, daily, weekly, monthly, yearly };
inline constexpr size_t n_periods = 6;

struct RetentionPolicy {
  static constexpr uint32_t unlimited = UINT32_MAX;

  uint32_t keep[n_periods] = {};  // by Period: the newest one of each of so many; 0: none
  CalendarSpan within;            // everything not older than this before the newest
  CalendarSpan within_period[n_periods] = {};  // from hourly on: one of each in this time
  std::vector<std::vector<std::string>> tags;  // those that have all tags of one of these lists

  bool is_empty() const;
};

struct Retained {
  const Snapshot* snapshot;
  std::vector<std::string> reasons;  // empty: it goes
};

// What becomes of the snapshots of one group, newest first. A snapshot of the future counts as one
// of its time, but "within" is measured from the newest that is not after `now`.
std::vector<Retained> apply_policy(const RetentionPolicy& policy,
                                   const std::vector<const Snapshot*>& group, UnixNs now);

}  // namespace sapdr::core
