// Points in time, as restic's JSON writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sapdr::core {

// Nanoseconds since 1970-01-01T00:00:00Z; reaches from 1677 to 2262.
using UnixNs = int64_t;

UnixNs now_ns();

// RFC 3339 with as many digits of the fraction as needed, in the local time zone, as Go's
// time.Time marshals: "2026-11-22T23:28:29.5+01:00".
std::string format_time(UnixNs time);
void append_time(std::string& out, UnixNs time);

// Parses what format_time writes, any offset. A time outside the range of UnixNs is clamped to
// its end: hostile or odd dates must not stop a restore. Throws Code::corrupt.
UnixNs parse_time(std::string_view text);

}  // namespace sapdr::core
