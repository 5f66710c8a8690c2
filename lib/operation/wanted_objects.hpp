// Objects that are looked for by their ids.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "repository/repository.hpp"

namespace sapdr::core {

struct WantedObjects {
  using Ids = std::unordered_set<Id, IdHash>;
  Ids data;
  Ids trees;

  bool empty() const { return data.empty() && trees.empty(); }
};

// A blob or tree whose id is given in full may be one that is lost: the index need not know it. All
// else throws Code::not_found, or Code::ambiguous. Needs load_index().
WantedObjects wanted_objects(const BlobIndex& index, const std::vector<std::string>& blobs,
                             const std::vector<std::string>& trees,
                             const std::vector<std::string>& packs);

}  // namespace sapdr::core
