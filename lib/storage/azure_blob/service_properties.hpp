// What Get Blob Service Properties answers.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace sapdr::core {

// For how many days deleted blobs can be brought back; 0: they cannot. Throws Code::network for
// what is no such answer.
uint32_t parse_soft_delete_days(ByteView xml);

}  // namespace sapdr::core
