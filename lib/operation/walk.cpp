#include "operation/walk.hpp"

#include <algorithm>

#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

void check_exists(Repository& repository, const Id& root, const std::string& path) {
  if (path == "/") return;
  const std::string_view name = name_of_path(path);
  const std::vector<Node> nodes =
      load_tree(repository, find_folder(repository, root, folder_of_path(path)));
  if (std::none_of(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == name; })) {
    throw Error(Code::not_found, path + " is not in the snapshot; list it to see what is")
        .with("path", path);
  }
}

}  // namespace

Walk::Walk(RepositoryPtr repository, SnapshotRef ref, WalkOptions options)
    : repository_(std::move(repository)), ref_(std::move(ref)), options_(std::move(options)) {
  for (std::string& path : options_.paths) {
    path = snapshot_path(path);
    check_exists(*repository_, ref_.tree, path);
  }
  if (options_.paths.empty()) options_.paths.emplace_back("/");
  levels_.push_back({"/", load_tree(*repository_, ref_.tree), 0});
}

const Walk::Entry* Walk::next() {
  if (enter_current_) enter();
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.at == level.nodes.size()) {
      levels_.pop_back();
      continue;
    }
    current_.node = std::move(level.nodes[level.at++]);
    current_.path = join_path(level.path, current_.node.name);
    enter_current_ = current_.node.type == NodeType::dir && descend_into(current_.path);
    if (is_wanted(current_.path)) return &current_;
    if (enter_current_) enter();
  }
  return nullptr;
}

void Walk::enter() {
  enter_current_ = false;  // a tree that cannot be loaded is not tried again
  if (levels_.size() >= max_folder_depth) {
    throw Error(Code::corrupt, current_.path + " is nested more than " +
                                   std::to_string(max_folder_depth) +
                                   " folders deep; its content is left out");
  }
  if (!current_.node.subtree) {
    throw Error(Code::corrupt, current_.path + " is a folder without a tree");
  }
  levels_.push_back({current_.path, load_tree(*repository_, *current_.node.subtree), 0});
}

bool Walk::descend_into(const std::string& path) const {
  return std::any_of(options_.paths.begin(), options_.paths.end(), [&](const std::string& wanted) {
    return is_within(wanted, path) || (options_.recursive && is_within(path, wanted));
  });
}

bool Walk::is_wanted(const std::string& path) const {
  return std::any_of(options_.paths.begin(), options_.paths.end(), [&](const std::string& wanted) {
    return options_.recursive ? is_within(path, wanted)
                              : path == wanted || folder_of_path(path) == wanted;
  });
}

}  // namespace sapdr::core
