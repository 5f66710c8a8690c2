// The beginning of a file of tensors, which tells where they lie.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"

namespace sapdr::core {

// A header that is read as the file passes. For one thread.
class TensorHeader {
 public:
  using Offsets = std::vector<uint64_t>;

  virtual ~TensorHeader() = default;

  // Takes the bytes of the file that follow those it was given before. Once the header is complete,
  // which ends its use: where tensors begin or end in the file, in any order, none before the
  // header's end. Throws Code::corrupt if it is no such header.
  virtual std::optional<Offsets> update(ByteView data) = 0;
};

}  // namespace sapdr::core
