// Random bytes.
#pragma once

#include "base/bytes.hpp"

namespace sapdr::core {

// Fills `out` from the kernel's generator, which needs no memory and is right after a fork, too.
void random_bytes(ByteSpan out);

}  // namespace sapdr::core
