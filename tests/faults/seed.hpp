// Of all random choices.
#pragma once

#include <cstdint>

namespace sapdr::test {

uint64_t seed();

}  // namespace sapdr::test
