// The name of everything that is stored: a SHA-256.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/encoding.hpp"

namespace sapdr::core {

struct Id {
  std::array<std::byte, 32> bytes{};

  auto operator<=>(const Id&) const = default;
  bool is_null() const { return *this == Id{}; }
  std::string hex() const { return to_hex(bytes); }
  // The first eight digits: what people read.
  std::string short_hex() const { return to_hex(ByteView(bytes).first(4)); }

  static std::optional<Id> parse(std::string_view hex) {
    Id id;
    if (!from_hex(hex, id.bytes)) return std::nullopt;
    return id;
  }
};

// Ids are uniformly distributed: any eight bytes are a hash.
struct IdHash {
  size_t operator()(const Id& id) const noexcept {
    size_t h;
    std::memcpy(&h, id.bytes.data(), sizeof h);
    return h;
  }
};

}  // namespace sapdr::core
