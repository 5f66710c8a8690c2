#include "operation/origin.hpp"

#include <algorithm>
#include <span>

#include "operation/restore.hpp"
#include "operation/snapshot_path.hpp"

namespace sapdr::core {

namespace {

using Parts = std::vector<std::string_view>;

bool is_in_tree(Repository& repository, Id tree, std::span<const std::string_view> parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::vector<Node> nodes = load_tree(repository, tree);
    const auto at = std::find_if(nodes.begin(), nodes.end(),
                                 [&](const Node& node) { return node.name == parts[i]; });
    if (at == nodes.end()) return false;
    if (i + 1 == parts.size()) return true;
    if (at->type != NodeType::dir || !at->subtree) return false;
    tree = *at->subtree;
  }
  return true;
}

// How many of the paths have their first `depth` parts in common with `first`, and the rest of
// theirs in the tree.
size_t count_found(Repository& repository, const Id& tree, const std::vector<Parts>& paths,
                   size_t depth) {
  const auto is_found = [&](const Parts& path) {
    const Parts& first = paths.front();
    return path.size() >= depth &&
           std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(depth),
                      path.begin()) &&
           is_in_tree(repository, tree, std::span(path).subspan(depth));
  };
  return static_cast<size_t>(std::count_if(paths.begin(), paths.end(), is_found));
}

[[noreturn]] void throw_unknown(const Snapshot& snapshot) {
  throw Error(Code::invalid_argument,
              "snapshot " + snapshot.id.short_hex() +
                  " does not tell which folder its files came from; name a target folder");
}

}  // namespace

std::string original_root(Repository& repository, const Snapshot& snapshot) {
  std::vector<std::string> clean;
  for (const std::string& path : snapshot.paths) {
    if (!path.starts_with('/')) throw_unknown(snapshot);
    clean.push_back(clean_path(path));
  }
  if (clean.empty()) throw_unknown(snapshot);
  std::vector<Parts> paths;
  for (const std::string& path : clean) paths.push_back(split_path(path));
  for (size_t depth = 0; depth <= paths.front().size(); ++depth) {
    // Absolute paths begin at the root of the tree: one of them is proof enough, others may have
    // vanished before they were read. Relative ones must agree.
    const size_t needed = depth == 0 ? 1 : paths.size();
    if (count_found(repository, snapshot.tree, paths, depth) < needed) continue;
    std::string root = "/";
    for (size_t i = 0; i < depth; ++i) root = join_path(root, paths.front()[i]);
    return root;
  }
  throw_unknown(snapshot);
}

Origin::Origin(Repository& repository, const SnapshotRef& ref)
    : folder_(original_root(repository, ref.snapshot)) {
  for (const std::string_view part : split_path(ref.folder)) folder_ = join_path(folder_, part);
  for (const std::string& path : ref.snapshot.paths) {
    paths_.push_back(snapshot_path(path));
  }
}

std::string Origin::original(std::string_view path) const {
  if (path == "/") return folder_;
  return join_path(folder_, path.substr(1));
}

bool Origin::is_backed_up(std::string_view path) const {
  const std::string there = original(path);
  return std::any_of(paths_.begin(), paths_.end(),
                     [&](const std::string& backed_up) { return is_within(there, backed_up); });
}

}  // namespace sapdr::core
