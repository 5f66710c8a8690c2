// Where files of tensors are cut, besides where restic cuts: at the edges of tensors, so that a
// tensor that changes costs its own bytes and not those around it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace sapdr::core {

// The edges of one file, found out from its beginning. For one thread.
class TensorEdges {
 public:
  // `name` says by its ending whether it is a file of tensors; if not, there are no edges.
  explicit TensorEdges(std::string_view name);

  // Looks at the beginning of the file, as much of it as is there. True if more of it is needed,
  // which is never more than max_beginning. What is no such file after all has no edges.
  bool needs_more(ByteView beginning);

  // The first edge behind an offset, UINT64_MAX if there is none. Offsets never decrease.
  uint64_t after(uint64_t offset);

  static constexpr size_t max_beginning = 2 * 1024 * 1024;

 private:
  void read_header(ByteView json);

  bool is_waiting_;
  std::vector<uint64_t> edges_;  // ascending
  size_t next_ = 0;
};

// The ends of tensors in a .safetensors file, ascending, whose header is `json` and ends at
// `data_begin`. Each is at least min_chunk behind the one before: tensors that are smaller are cut
// off together with what follows them. Throws Code::corrupt if that is no such header.
std::vector<uint64_t> safetensors_edges(std::string_view json, uint64_t data_begin);

}  // namespace sapdr::core
