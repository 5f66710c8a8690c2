// Amounts of data as users write them: "10G", "5%", "unlimited".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sapdr::core {

// "4096", "10k", "3M", "2G", "1T": bytes, by powers of 1024, in either case. Nothing if it is
// something else.
std::optional<uint64_t> parse_bytes(std::string_view text);

// "5%" or "0.5%" as 0.05 and 0.005. Nothing if it is something else, or not from 0 to 100 %.
std::optional<double> parse_share(std::string_view text);

}  // namespace sapdr::core
