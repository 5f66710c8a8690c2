// Index files: which blob lies in which pack.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "format/blob.hpp"

namespace sapdr::core {

struct IndexedPack {
  Id id;
  std::vector<PackedBlob> blobs;
};

// A pack that nothing needs any more and that is removed some time after it was marked. Its blobs
// are not part of the index.
struct MarkedPack {
  IndexedPack pack;  // blobs: as the index had them; none for a pack that no index named
  UnixNs time = 0;   // when it was marked
  uint64_t size = 0;
};

struct IndexFile {
  std::vector<Id> supersedes;
  std::vector<IndexedPack> packs;
  std::vector<MarkedPack> packs_to_delete;
};

// `what` names the file in errors: "index 0123abcd". Throws Code::corrupt.
IndexFile parse_index(std::string_view json, std::string_view what);
std::string index_json(const IndexFile& index);

}  // namespace sapdr::core
