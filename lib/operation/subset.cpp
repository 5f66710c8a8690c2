#include "operation/subset.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "base/error.hpp"
#include "base/number.hpp"
#include "operation/amount.hpp"

namespace sapdr::core {

namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw Error(Code::invalid_argument,
              "\"" + std::string(text) +
                  "\" is no subset of the data; use a part as 2/10, a share "
                  "as 5%, or an amount as 10G");
}

uint64_t part(std::string_view digits, std::string_view text) {
  const auto value = parse_number<uint64_t>(digits);
  if (!value) refuse(text);
  return *value;
}

}  // namespace

Subset::Subset(std::string_view text) {
  if (text.empty()) return;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    part_ = part(text.substr(0, slash), text);
    parts_ = part(text.substr(slash + 1), text);
    // Parts are told apart by the first byte of an id, as restic does.
    if (parts_ == 0 || parts_ > 256 || part_ == 0 || part_ > parts_) refuse(text);
    return;
  }
  if (const auto share = parse_share(text)) {
    share_ = *share;
    if (share_ == 0) refuse(text);
    return;
  }
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0) refuse(text);
  bytes_ = *bytes;
}

std::vector<Subset::Pack> Subset::choose(std::vector<Pack> packs, const Context& context) const {
  std::erase_if(packs, [&](const Pack& pack) {
    return std::to_integer<uint64_t>(pack.id.bytes[0]) % parts_ != part_ - 1;
  });
  if (share_ >= 1 && bytes_ == UINT64_MAX) return packs;
  uint64_t seed = 0;
  context.random(std::as_writable_bytes(std::span(&seed, 1)));
  std::shuffle(packs.begin(), packs.end(), std::mt19937_64(seed));
  const auto share = static_cast<size_t>(std::ceil(static_cast<double>(packs.size()) * share_));
  packs.resize(std::min(packs.size(), share));
  uint64_t total = 0;
  size_t keep = 0;
  // At least one, or a small amount would prove nothing for ever.
  while (keep < packs.size() && (keep == 0 || total + packs[keep].size <= bytes_)) {
    total += packs[keep++].size;
  }
  packs.resize(keep);
  return packs;
}

}  // namespace sapdr::core
