#include "operation/amount.hpp"

#include "base/number.hpp"

namespace sapdr::core {

namespace {}  // namespace

std::optional<uint64_t> parse_bytes(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr std::string_view units = "kKmMgGtT";
  const size_t unit = units.find(text.back());
  if (unit == std::string_view::npos) return parse_number<uint64_t>(text);
  const auto value = parse_number<uint64_t>(text.substr(0, text.size() - 1));
  const size_t shift = 10 * (unit / 2 + 1);
  if (!value || *value > UINT64_MAX >> shift) return std::nullopt;
  return *value << shift;
}

std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto percent = parse_number<double>(text.substr(0, text.size() - 1));
  if (!percent || !(*percent >= 0 && *percent <= 100)) return std::nullopt;
  return *percent / 100;
}

}  // namespace sapdr::core
