#include "operation/tree_repair.hpp"

#include <algorithm>

#include "base/path.hpp"
#include "checksum/sha256.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

TreeRepair::TreeRepair(Repository& repository, BlobWriter& writer, Progress& progress)
    : repository_(repository),
      writer_(writer),
      progress_(progress),
      pack_is_there_(repository.index().n_packs()) {
  repository.backend().list(FileType::pack, [&](const ObjectInfo& pack) {
    const auto id = Id::parse(pack.name);
    const auto number = id ? repository.index().pack_number(*id) : std::nullopt;
    if (number) pack_is_there_[*number] = true;
  });
}

bool TreeRepair::is_whole(const Node& file) const {
  return std::ranges::all_of(file.content, [&](const Id& id) {
    const std::vector<BlobPlace> copies = repository_.index().find_all(id, BlobType::data);
    return std::ranges::any_of(
        copies, [&](const BlobPlace& place) { return bool{pack_is_there_[place.pack]}; });
  });
}

std::optional<Id> TreeRepair::repair(const Id& root, const Id& snapshot) {
  snapshot_ = snapshot;
  if (!known_.contains(root)) open(root, "/");
  // A stack of its own: snapshots may be deeper than that of a thread.
  while (!stack_.empty()) {
    progress_.checkpoint();
    if (go_on(stack_.back())) close();
  }
  return known_.at(root);
}

void TreeRepair::open(const Id& tree, std::string path) {
  try {
    std::vector<Node> nodes = load_tree(repository_, tree);
    stack_.push_back({.id = tree, .path = std::move(path), .nodes = std::move(nodes)});
  } catch (const Error& error) {
    // What cannot be read now may well be there: only what is gone is left out.
    if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
    known_[tree] = std::nullopt;
  }
}

bool TreeRepair::go_on(Frame& frame) {
  for (; frame.next < frame.nodes.size(); ++frame.next) {
    Node& node = frame.nodes[frame.next];
    if (node.type == NodeType::dir && node.subtree) {
      const auto below = known_.find(*node.subtree);
      if (below == known_.end()) {
        open(*node.subtree, join_path(frame.path, node.name));
        return false;
      }
      if (!below->second) {
        drop(frame, node, "the folder is damaged and left out with everything in it");
        continue;
      }
      frame.has_changed |= *below->second != *node.subtree;
      node.subtree = below->second;
    } else if (!is_whole(node)) {
      drop(frame, node, "data of the file is gone; it is left out");
      continue;
    }
    frame.kept.push_back(std::move(node));
  }
  return true;
}

void TreeRepair::drop(Frame& frame, const Node& node, const char* message) {
  frame.has_changed = true;
  ++(node.type == NodeType::dir ? folders_dropped_ : files_dropped_);
  progress_.item({.action = SAPDR_ITEM_AFFECTED,
                  .path = join_path(frame.path, node.name),
                  .size = node.size,
                  .snapshot_id = snapshot_.hex(),
                  .message = message});
}

void TreeRepair::close() {
  const Frame frame = std::move(stack_.back());
  stack_.pop_back();
  if (!frame.has_changed) {
    known_[frame.id] = frame.id;
    return;
  }
  const std::string json = tree_json(frame.kept);
  const Id id = sha256(as_bytes(json));
  writer_.save(BlobType::tree, id, as_bytes(json));
  known_[frame.id] = id;
}

}  // namespace sapdr::core
