#include "repository/trees.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/path.hpp"
#include "base/workers.hpp"
#include "repository/load_named.hpp"

namespace sapdr::core {

std::vector<Node> load_tree(Repository& repository, const Id& id) {
  const Bytes json = repository.load_blob(BlobType::tree, id);
  return parse_tree(as_text(json), "tree " + id.hex());
}

void visit_trees(Repository& repository, std::vector<Id> roots, BlobSet& seen,
                 const TreeVisitor& visit, Progress& progress) {
  const auto is_known = [&](const Id& id) { return !seen.insert(id, BlobType::tree); };
  std::vector<Id> level = std::move(roots);
  std::erase_if(level, is_known);
  std::mutex mutex;
  std::vector<Id> below;
  const auto visit_one = [&](const Id& id) {
    progress.checkpoint();
    std::vector<Node> nodes;
    try {
      nodes = load_tree(repository, id);
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      return visit(id, nullptr, &error);
    }
    visit(id, &nodes, nullptr);
    const std::lock_guard lock(mutex);
    for (const Node& node : nodes) {
      if (node.type == NodeType::dir && node.subtree) below.push_back(*node.subtree);
    }
  };
  Workers workers(repository.reads_at_once(), 64);
  // Level by level, so that neither the depth of a snapshot nor its width needs a stack.
  while (!level.empty()) {
    for (const Id& id : level) {
      workers.submit([&visit_one, id] { visit_one(id); });
    }
    workers.finish();
    level = std::exchange(below, {});
    std::erase_if(level, is_known);
  }
}

Id find_folder(Repository& repository, const Id& root, std::string_view path) {
  Id tree = root;
  std::string walked;
  for (const std::string_view part : split_path(path)) {
    walked.append("/").append(part);
    const std::vector<Node> nodes = load_tree(repository, tree);
    const auto at = std::find_if(nodes.begin(), nodes.end(),
                                 [&](const Node& node) { return node.name == part; });
    if (at == nodes.end()) {
      throw Error(Code::not_found, walked + " is not in the snapshot; list it to see what is");
    }
    if (at->type != NodeType::dir || !at->subtree) {
      throw Error(Code::invalid_argument, walked + " is not a folder in the snapshot");
    }
    tree = *at->subtree;
  }
  return tree;
}

Node find_file(Repository& repository, const Id& root, const std::string& path) {
  if (path == "/") throw Error(Code::invalid_argument, "/ is a folder; name a file in it");
  const Id folder = find_folder(repository, root, folder_of_path(path));
  std::vector<Node> nodes = load_tree(repository, folder);
  const auto at = std::find_if(nodes.begin(), nodes.end(),
                               [&](const Node& node) { return node.name == name_of_path(path); });
  if (at == nodes.end()) {
    throw Error(Code::not_found, path + " is not in the snapshot; list it to see what is")
        .with("path", path);
  }
  if (at->type != NodeType::file) {
    throw Error(Code::invalid_argument,
                path + " is no file in the snapshot (its type is " + to_string(at->type) + ")")
        .with("path", path);
  }
  return std::move(*at);
}

}  // namespace sapdr::core
