#include "repository/blob_set.hpp"

namespace sapdr::core {

std::optional<uint32_t> BlobSet::bit_of(const Id& id, BlobType type) const {
  const auto number = index_.number_of(id, type);
  return number && *number < bits_.size() ? number : std::nullopt;
}

bool BlobSet::insert(const Id& id, BlobType type) {
  const auto bit = bit_of(id, type);
  if (!bit) return others_[static_cast<size_t>(type)].insert(id).second;
  if (bits_[*bit]) return false;
  bits_[*bit] = true;
  return true;
}

bool BlobSet::contains(const Id& id, BlobType type) const {
  const auto bit = bit_of(id, type);
  return bit ? bits_[*bit] : others_[static_cast<size_t>(type)].contains(id);
}

}  // namespace sapdr::core
