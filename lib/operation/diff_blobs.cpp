#include "operation/diff_blobs.hpp"

#include <algorithm>
#include <mutex>

#include "repository/blob_set.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

constexpr uint8_t both_sides = DiffBlobs::before | DiffBlobs::after;

template <class Sides>
void mark_common(Sides& sides, const Id& id) {
  if (const auto at = sides.find(id); at != sides.end()) at->second = both_sides;
}

}  // namespace

void DiffBlobs::need(Side side, const Node& node) {
  if (node.type == NodeType::dir && node.subtree) need_tree(side, *node.subtree);
  if (node.type != NodeType::file) return;
  for (const Id& id : node.content) data_[id] |= side;
}

bool DiffBlobs::is_settled() const {
  const auto all_common = [](const Sides& sides) {
    return std::all_of(sides.begin(), sides.end(),
                       [](const auto& blob) { return blob.second == both_sides; });
  };
  return all_common(data_) && all_common(trees_);
}

void DiffBlobs::settle(Repository& repository, const Failed& failed, Progress& progress) {
  std::mutex mutex;
  const auto visit = [&](const Id& tree, const std::vector<Node>* nodes, const Error* error) {
    {
      const std::lock_guard lock(mutex);
      if (nodes == nullptr) return failed("tree", tree, *error);
      mark_common(trees_, tree);
      for (const Node& node : *nodes) {
        for (const Id& id : node.content) mark_common(data_, id);
      }
    }
    progress.done(1, 0);
  };
  BlobSet seen(repository.index());
  visit_trees(repository, std::move(common_), seen, visit, progress);
}

void DiffBlobs::count(Repository& repository, DiffResult& result, const Failed& failed,
                      Progress& progress) {
  if (!is_settled()) settle(repository, failed, progress);
  const auto count_one = [&](const Id& id, uint8_t sides, BlobType type, uint64_t DiffSide::*n) {
    if (sides == both_sides) return;
    DiffSide& side = sides == before ? result.removed : result.added;
    ++(side.*n);
    if (const auto place = repository.index().find(id, type)) {
      side.bytes += place->plain_length;
    } else {
      failed("blob", id,
             Error(Code::corrupt, std::string(to_string(type)) + " blob " + id.hex() +
                                      " is not in the index; check the repository"));
    }
  };
  for (const auto& [id, sides] : data_) {
    count_one(id, sides, BlobType::data, &DiffSide::data_blobs);
  }
  for (const auto& [id, sides] : trees_) {
    count_one(id, sides, BlobType::tree, &DiffSide::tree_blobs);
  }
}

}  // namespace sapdr::core
