// Dates as headers have them: "Fri, 27 Nov 2026 03:47:19 GMT".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace sapdr::core {

std::string format_http_date(UnixNs time);
// Nothing for what is no such date.
std::optional<UnixNs> parse_http_date(std::string_view text);

}  // namespace sapdr::core
