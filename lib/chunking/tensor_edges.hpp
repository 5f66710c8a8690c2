// Where files of tensors are cut, besides where restic cuts: at the edges of tensors, so that a
// tensor that changes costs its own bytes and not those around it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "chunking/tensor_header.hpp"

namespace sapdr::core {

// The edges of one file, found out as it passes. For one thread. Each is at least min_chunk behind
// the one before: tensors that are smaller are cut off together with what follows them.
class TensorEdges {
 public:
  // `name` says by its ending whether it is a file of tensors; if not, there are no edges.
  explicit TensorEdges(std::string_view name);

  // Takes the bytes of the file that follow those it was given before. All edges lie behind the
  // header, so each is known once the byte before it was given. What is no such file after all has
  // no edges.
  void update(ByteView data);

  // The first edge behind an offset, UINT64_MAX if there is none. Offsets never decrease.
  uint64_t after(uint64_t offset);

 private:
  std::unique_ptr<TensorHeader> header_;  // nullptr: there is none, or it was read
  std::vector<uint64_t> edges_;           // ascending
  size_t next_ = 0;
};

}  // namespace sapdr::core
