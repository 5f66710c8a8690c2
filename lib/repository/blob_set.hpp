// A set of blobs: one bit for each that the index knows, so that it can hold all of a repository.
#pragma once

#include <unordered_set>
#include <vector>

#include "repository/blob_index.hpp"

namespace sapdr::core {

// Not for several threads at once. The index must not be cleared meanwhile; it may grow.
class BlobSet {
 public:
  explicit BlobSet(const BlobIndex& index) : index_(index), bits_(index.n_blobs()) {}

  // False if it was in already.
  bool insert(const Id& id, BlobType type);
  bool contains(const Id& id, BlobType type) const;

 private:
  // The bit of a blob; nothing for one that the index did not know at the beginning.
  std::optional<uint32_t> bit_of(const Id& id, BlobType type) const;

  const BlobIndex& index_;
  std::vector<bool> bits_;
  std::unordered_set<Id, IdHash> others_[2];  // by BlobType
};

}  // namespace sapdr::core
