#include "chunking/polynomial.hpp"

#include <bit>
#include <cstring>

#include "base/error.hpp"

namespace sapdr::core {

int degree(Polynomial x) {
  return static_cast<int>(std::bit_width(x)) - 1;
}

Polynomial mod(Polynomial x, Polynomial d) {
  const int degree_d = degree(d);
  for (int excess = degree(x) - degree_d; excess >= 0; excess = degree(x) - degree_d) {
    x ^= d << excess;
  }
  return x;
}

Polynomial multiply_mod(Polynomial x, Polynomial y, Polynomial d) {
  const Polynomial top = Polynomial{1} << degree(d);
  Polynomial product = 0;
  for (; y != 0; y >>= 1) {
    if (y & 1) product ^= x;
    x <<= 1;
    if (x & top) x ^= d;
  }
  return product;
}

namespace {

Polynomial greatest_common_divisor(Polynomial x, Polynomial y) {
  while (y != 0) {
    const Polynomial rest = mod(x, y);
    x = y;
    y = rest;
  }
  return x;
}

}  // namespace

// Ben-Or: x is irreducible if it shares no factor with t^(2^i) - t, for i up to half its degree.
bool is_irreducible(Polynomial x) {
  if (degree(x) < 1) return false;
  const Polynomial t = mod(2, x);
  Polynomial power = t;
  for (int i = 1; i <= degree(x) / 2; ++i) {
    power = multiply_mod(power, power, x);
    if (greatest_common_divisor(x, power ^ t) != 1) return false;
  }
  return true;
}

Polynomial random_polynomial(const std::function<void(ByteSpan)>& random) {
  constexpr Polynomial top = Polynomial{1} << 53;
  // One in about 27 is irreducible: never finding one means that `random` is not random.
  for (int i = 0; i < 1'000'000; ++i) {
    std::byte bytes[8];
    random(bytes);
    Polynomial candidate;
    std::memcpy(&candidate, bytes, sizeof candidate);
    candidate = (candidate & (top - 1)) | top | 1;
    if (is_irreducible(candidate)) return candidate;
  }
  throw Error(Code::internal, "no irreducible polynomial was found in a million random ones");
}

}  // namespace sapdr::core
