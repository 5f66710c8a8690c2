// Points in the history of a replica set.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace sapdr::core::mongodb {

// A BSON timestamp: no two entries of an oplog have the same one.
struct OplogTime {
  uint32_t seconds = 0;    // since 1970
  uint32_t increment = 0;  // within that second, from 1 on

  auto operator<=>(const OplogTime&) const = default;
};

// "1763130600:3", as MongoDB's tools take it.
inline std::string to_string(OplogTime time) {
  return std::to_string(time.seconds) + ":" + std::to_string(time.increment);
}

}  // namespace sapdr::core::mongodb
