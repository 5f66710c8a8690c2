/* Ids as text. */
#pragma once

#include <sapdr/id.h>

#include <string>

namespace sapdr {

/* An id as 64 hexadecimal digits. */
inline std::string to_hex(const sapdr_id& id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * sizeof id.bytes);
  for (const uint8_t byte : id.bytes) {
    hex.push_back(digits[byte >> 4]);
    hex.push_back(digits[byte & 15]);
  }
  return hex;
}

}  // namespace sapdr
