// Polynomials over GF(2) of degree up to 63, one bit a coefficient.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.hpp"

namespace sapdr::core {

using Polynomial = uint64_t;

// -1 for 0.
int degree(Polynomial x);
// `d` must not be 0.
Polynomial mod(Polynomial x, Polynomial d);
// x * y mod d, for deg(d) <= 53... 63; x and y reduced.
Polynomial multiply_mod(Polynomial x, Polynomial y, Polynomial d);
bool is_irreducible(Polynomial x);

// A random irreducible polynomial of degree 53, as the config of a repository holds it.
Polynomial random_polynomial(const std::function<void(ByteSpan)>& random);

}  // namespace sapdr::core
