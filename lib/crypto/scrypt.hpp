// The key derivation of restic's key files.
#pragma once

#include "crypto/cipher.hpp"

namespace sapdr::core {

struct ScryptCost {
  uint32_t n = 32768;
  uint32_t r = 8;
  uint32_t p = 6;  // about half a second with these
};

// The key that a password gives. Throws Code::corrupt for costs that are no scrypt costs or would
// take more than 1 GiB of memory (a hostile key file must not).
Key derive_key(ByteView password, ByteView salt, const ScryptCost& cost);

}  // namespace sapdr::core
