// The blobs that only one of two snapshots needs.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "operation/diff.hpp"

namespace sapdr::core {

// It is told about the trees that differ, and then reads those that do not: a blob that is new in a
// folder may be an old one of another. Keeps some 70 bytes for each blob of what differs.
class DiffBlobs {
 public:
  enum Side : uint8_t { before = 1, after = 2 };

  void need_tree(Side side, const Id& id) { trees_[id] |= side; }
  void need(Side side, const Node& node);
  // A tree that both have.
  void common(const Id& tree) { common_.push_back(tree); }

  // Reads what both have, and counts into `result`. `failed` is told each object that cannot be
  // read or is not in the index.
  using Failed = std::function<void(const char* type, const Id& id, const Error& error)>;
  void count(Repository& repository, DiffResult& result, const Failed& failed, Progress& progress);

 private:
  using Sides = std::unordered_map<Id, uint8_t, IdHash>;  // bits of Side

  bool is_settled() const;
  void settle(Repository& repository, const Failed& failed, Progress& progress);

  Sides data_;
  Sides trees_;
  std::vector<Id> common_;
};

}  // namespace sapdr::core
