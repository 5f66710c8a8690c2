// CRC-64/NVME: what Azure Blob Storage checks on arrival. It finds accidents, not forgery.
#pragma once

#include "base/bytes.hpp"

namespace sapdr::core {

// Of the message whose beginning has the CRC `before`, followed by `data`.
uint64_t crc64(ByteView data, uint64_t before = 0);

// The same without the instructions that only some processors have.
uint64_t crc64_by_table(ByteView data, uint64_t before = 0);

}  // namespace sapdr::core
