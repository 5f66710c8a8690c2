// Index files: which blob lies in which pack.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "format/blob.hpp"

namespace sapdr::core {

struct IndexedPack {
  Id id;
  std::vector<PackedBlob> blobs;
};

struct IndexFile {
  std::vector<Id> supersedes;
  std::vector<IndexedPack> packs;
};

IndexFile parse_index(std::string_view json, std::string_view what);
std::string index_json(const IndexFile& index);

}  // namespace sapdr::core
