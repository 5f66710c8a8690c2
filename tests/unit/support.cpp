#include "support.hpp"

#include <stdexcept>

#include "base/utf8.hpp"

namespace sapdr::test {

std::string Random::bytes(size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(engine_());
  return out;
}

std::string Random::name(size_t max_size) {
  std::string out;
  for (uint64_t n = below(max_size + 1); n > 0; --n) {
    switch (below(4)) {
      case 0:
        out.push_back(static_cast<char>(engine_()));
        break;
      case 1:
        append_rune(out, static_cast<char32_t>(below(0xd800)));
        break;
      default:
        out.push_back(static_cast<char>(0x20 + below(0x60)));
    }
  }
  return out;
}

std::string Random::text(size_t max_size) {
  std::string out;
  for (uint64_t n = below(max_size + 1); n > 0; --n) {
    append_rune(out, static_cast<char32_t>(below(2) == 0 ? below(0x80) : below(0xd800)));
  }
  return out;
}

Id Random::id() {
  Id id;
  const std::string random = bytes(id.bytes.size());
  std::memcpy(id.bytes.data(), random.data(), random.size());
  return id;
}

uint64_t Splitmix::next() {
  state_ += 0x9e3779b97f4a7c15;
  uint64_t z = state_;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

std::string Splitmix::bytes(size_t size) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t value = next();
    std::memcpy(&out[i], &value, sizeof value);
  }
  return out;
}

std::string hex_to_bytes(std::string_view hex) {
  std::string out(hex.size() / 2, '\0');
  if (!from_hex(hex, {reinterpret_cast<std::byte*>(out.data()), out.size()})) {
    throw std::invalid_argument("not hexadecimal");
  }
  return out;
}

}  // namespace sapdr::test
