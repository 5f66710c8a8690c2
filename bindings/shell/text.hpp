// Text for people: names and messages that cannot drive a terminal, sizes, durations, times.
#pragma once

#include <sapdr/id.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sapdr::shell {

// One code point at the front of `bytes`, which must not be empty; size 0 if the first byte does
// not begin valid UTF-8 (overlong forms, surrogates and values past U+10FFFF are not valid).
struct CodePoint {
  char32_t value;
  std::size_t size;
};
CodePoint first_code_point(std::string_view bytes);
bool is_utf8(std::string_view bytes);

// A file name as it is printed: control characters, marks that change the direction of text, and
// bytes that are not UTF-8 become \n, \t, \xNN or \u{NNNN}; a backslash is doubled, so that the
// name can be read back.
std::string shown(std::string_view name);

// The same for messages, which may already hold shown names: backslashes stay as they are.
std::string printable(std::string_view text);

std::string human_bytes(std::uint64_t bytes);                 // "1.250 GiB"
std::string human_duration(std::uint64_t nanoseconds);        // "0:03", "1:02:03"
std::string human_ratio(std::uint64_t a, std::uint64_t b);    // "2.31x"; "-" if b is 0
std::string counted(std::uint64_t n, std::string_view noun);  // "1 file", "2 files"

std::string local_time(std::int64_t unix_ns);  // "2026-11-22 23:45:53" in the local zone
std::string local_date(std::int64_t unix_ns);  // "2026-11-22"
std::string utc_time(std::int64_t unix_ns);    // RFC 3339 with nanoseconds, "…Z"

// 64 digits.
std::string hex(const sapdr_id& id);
// A line of a small table: title, value, remark.
std::string row(const std::string& title, const std::string& value, const std::string& note = "");

std::string short_id(std::string_view hex);  // the first 8 digits

}  // namespace sapdr::shell
