// Reading whole packs back, to prove that they are right.
#pragma once

#include <string>
#include <vector>

#include "repository/repository.hpp"

namespace sapdr::core {

struct PackReport {
  uint64_t bytes = 0;                 // that were read
  std::vector<std::string> problems;  // empty: the pack is right
  std::vector<BlobPlace> damaged;     // blobs that cannot be read from this pack
};

// Reads a pack and compares it with its name, its header with the index (`expected`: what the index
// says is in it), and opens every blob; what is not right is read once more, as it may have been
// damaged on the way. Damage is reported, never thrown; other failures of storage are thrown.
PackReport read_pack(Repository& repository, const Id& pack,
                     const std::vector<BlobPlace>& expected);

// What the header of a stored pack of `size` bytes says is in it. Throws Code::corrupt if there is
// no header that opens.
std::vector<PackedBlob> read_pack_header(Repository& repository, const Id& pack, uint64_t size);

// The size that a pack has according to the index, if the index names everything in it.
uint64_t expected_pack_size(const std::vector<BlobPlace>& blobs);

}  // namespace sapdr::core
