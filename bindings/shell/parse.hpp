// Values of options: sizes, durations, times.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr::shell {

// Each throws a usage error that names `option`.
std::uint64_t parse_size(std::string_view option, const std::string& value);  // "10k", "1.5G"
std::int64_t parse_duration(std::string_view option,
                            const std::string& value);  // "1h30m", "90s"; ns
std::uint32_t parse_percent(std::string_view option, const std::string& value);  // "50%", "50"
// The level of an I/O class, 1 to 7.
std::uint32_t parse_level(std::string_view option, const std::string& value);
// "2026-11-22 23:45:53" in the local zone, RFC 3339, or "now" (0).
std::int64_t parse_time(std::string_view option, const std::string& value);

// One of some words, and what it stands for in the C ABI.
struct Choice {
  std::string_view name;
  std::int32_t value;
};
std::int32_t parse_choice(std::string_view option, const std::string& value,
                          std::initializer_list<Choice> choices);

// "a,b" and "c" become a, b, c.
std::vector<std::string> split_commas(const std::vector<std::string>& lists);

}  // namespace sapdr::shell
