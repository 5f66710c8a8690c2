#include "operation/selection.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_set>

#include "operation/snapshot_path.hpp"
#include "operation/trees_ahead.hpp"

namespace sapdr::core {

namespace {

class SelectionWalk {
 public:
  SelectionWalk(Repository& repository, const Selection& selection, SelectionVisitor& visitor,
                Progress& progress)
      : selection_(selection),
        visitor_(visitor),
        progress_(progress),
        seen_(selection.includes.size()),
        trees_(repository) {}

  void run(const Id& root);

 private:
  struct Subfolder {
    std::string path;
    TreesAhead::Tree tree;
    SelectionVisitor::Folder number;
  };
  using Level = std::deque<Subfolder>;  // what is still to be visited in a folder

  void visit_folder(Subfolder& folder);
  void visit_node(const Subfolder& parent, Node& node, Level& below);
  void visit_subfolder(const Subfolder& parent, std::string path, Node& node, bool is_selected,
                       Level& below);
  void load_ahead(Level& level);
  void fail(const std::string& path, const Error& error);
  void check_includes() const;

  const Selection& selection_;
  SelectionVisitor& visitor_;
  Progress& progress_;
  std::vector<bool> seen_;  // by pattern of the includes: whether it matched anything
  bool has_failed_ = false;
  std::deque<Level> levels_;
  TreesAhead trees_;
};

void SelectionWalk::run(const Id& root) {
  Subfolder top{"/", {root}, 0};
  visit_folder(top);
  while (!levels_.empty()) {
    if (levels_.back().empty()) {
      levels_.pop_back();
      continue;
    }
    Level& level = levels_.back();
    load_ahead(level);
    Subfolder folder = std::move(level.front());
    level.pop_front();
    visit_folder(folder);
  }
  if (!has_failed_) check_includes();
}

void SelectionWalk::visit_folder(Subfolder& folder) {
  std::vector<Node> nodes;
  try {
    nodes = trees_.take(folder.tree);
  } catch (const Error& error) {
    if (!is_about_tree(error)) throw;
    return fail(folder.path, error);
  }
  if (!visitor_.open(folder.number, folder.path, nodes)) return;
  Level below;
  std::unordered_set<std::string_view> names;
  for (Node& node : nodes) {
    if (!is_safe_name(node.name)) {
      fail(join_path(folder.path, node.name),
           Error(Code::corrupt, "in " + folder.path + " the name \"" + node.name +
                                    "\" cannot be that of a file; it is left out"));
    } else if (!names.insert(node.name).second) {
      fail(join_path(folder.path, node.name),
           Error(Code::corrupt, join_path(folder.path, node.name) +
                                    " is in its folder twice; the second one is left out"));
    } else {
      visit_node(folder, node, below);
    }
  }
  levels_.push_back(std::move(below));
}

void SelectionWalk::visit_node(const Subfolder& parent, Node& node, Level& below) {
  progress_.checkpoint();
  std::string path = join_path(parent.path, node.name);
  const bool is_dir = node.type == NodeType::dir;
  if (!seen_.empty()) selection_.includes.mark(path, is_dir, seen_);
  const bool is_selected = selection_.is_selected(path, is_dir);
  if (is_dir) {
    visit_subfolder(parent, std::move(path), node, is_selected, below);
  } else if (is_selected) {
    visitor_.item(parent.number, path, node);
  }
}

void SelectionWalk::visit_subfolder(const Subfolder& parent, std::string path, Node& node,
                                    bool is_selected, Level& below) {
  if (!is_selected && !selection_.may_hold_selected(path)) return;
  if (!node.subtree) {
    return fail(path, Error(Code::corrupt, path + " is a folder without a tree"));
  }
  if (levels_.size() + 1 >= max_folder_depth) {
    return fail(path, Error(Code::corrupt, path + " is nested more than " +
                                               std::to_string(max_folder_depth) + " folders deep"));
  }
  const Id tree = *node.subtree;
  if (const auto number = visitor_.enter(parent.number, path, node, is_selected)) {
    below.push_back({std::move(path), {tree}, *number});
  }
}

void SelectionWalk::load_ahead(Level& level) {
  const size_t wanted = std::min(level.size(), trees_.per_folder());
  for (size_t i = 0; i < wanted && trees_.start(level[i].tree); ++i) {
  }
}

void SelectionWalk::fail(const std::string& path, const Error& error) {
  has_failed_ = true;
  visitor_.failed(path, error);
}

void SelectionWalk::check_includes() const {
  for (size_t i = 0; i < seen_.size(); ++i) {
    const std::string& pattern = selection_.includes.text(i);
    if (seen_[i] || pattern.starts_with('!')) continue;
    throw Error(Code::not_found, "the pattern \"" + pattern +
                                     "\" matches nothing in the snapshot; list it to see what is")
        .with("pattern", pattern);
  }
}

}  // namespace

void visit_selection(Repository& repository, const Id& root, const Selection& selection,
                     SelectionVisitor& visitor, Progress& progress) {
  SelectionWalk(repository, selection, visitor, progress).run(root);
}

}  // namespace sapdr::core
