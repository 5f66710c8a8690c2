// What of a repository its snapshots need, blob by blob and pack by pack.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "format/tree.hpp"
#include "repository/blob_set.hpp"
#include "repository/repository.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct PackUsage {
  uint32_t used_blobs = 0;
  uint32_t unused_blobs = 0;  // duplicates too
  uint64_t used_bytes = 0;
  uint64_t unused_bytes = 0;
  bool is_mixed = false;  // trees and data
};

// Needs the index, which must not be cleared while this lives.
class PruneUsage {
 public:
  // Takes the snapshots `without` for gone until ignore_none().
  PruneUsage(Repository& repository, std::unordered_set<Id, IdHash> without);
  // From now on add_snapshots() walks those too if they are there.
  void ignore_none() { ignored_.clear(); }

  // Walks those of the present snapshots that were not walked yet, and brings the index up to date.
  // Throws Code::corrupt if one of them, or something that it needs, is not there, and outdated()
  // if others pruned meanwhile.
  void add_snapshots(Progress& progress);
  // What is thrown where a new plan would do: Code::invalid_state, with Retry::yes.
  static Error outdated();
  uint64_t n_snapshots() const { return n_snapshots_; }

  bool is_used(const BlobPlace& place) const { return used_.contains(place.id, place.type); }

  // Chooses for each used blob the one place that counts, if possible in a pack that is right (by
  // number). Call after add_snapshots(), once.
  void count(const std::vector<bool>& pack_is_right, Progress& progress);
  // Whether this place is the one that counts.
  bool counts(const BlobPlace& place) const;
  const std::vector<PackUsage>& packs() const { return packs_; }  // by number
  uint64_t duplicate_blobs() const { return duplicate_blobs_; }
  uint64_t duplicate_bytes() const { return duplicate_bytes_; }

 private:
  void visit(const Id& tree, const std::vector<Node>& nodes);
  void choose_among(const BlobPlace& place, uint32_t number,
                    const std::vector<bool>& pack_is_right);

  Repository& repository_;
  std::unordered_set<Id, IdHash> ignored_;  // snapshots that are taken for gone
  std::unordered_set<Id, IdHash> seen_;     // that were walked
  uint64_t n_snapshots_ = 0;
  BlobSet used_;
  std::vector<bool> has_copies_;                   // by number of the blob
  std::unordered_map<uint32_t, uint32_t> chosen_;  // of blobs with copies: number to pack
  std::vector<PackUsage> packs_;
  uint64_t duplicate_blobs_ = 0;
  uint64_t duplicate_bytes_ = 0;
};

}  // namespace sapdr::core
