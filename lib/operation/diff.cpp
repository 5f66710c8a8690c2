#include "operation/diff.hpp"

#include <algorithm>
#include <optional>

#include "operation/diff_blobs.hpp"
#include "operation/snapshot_path.hpp"
#include "operation/trees_ahead.hpp"

namespace sapdr::core {

namespace {

using Nodes = TreesAhead::Nodes;

// The order of extended attributes says nothing.
bool is_same(const Node& before, const Node& after) {
  if (before == after) return true;
  if (before.xattrs == after.xattrs) return false;
  const auto sorted = [](Node node) {
    std::sort(node.xattrs.begin(), node.xattrs.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return node;
  };
  return sorted(before) == sorted(after);
}

uint32_t change_of(const Node* before, const Node* after, bool metadata) {
  if (before == nullptr) return SAPDR_DIFF_ADDED;
  if (after == nullptr) return SAPDR_DIFF_REMOVED;
  if (before->type == NodeType::file && after->type == NodeType::file &&
      before->content != after->content) {
    return SAPDR_DIFF_MODIFIED;
  }
  uint32_t change = before->type == after->type ? 0 : SAPDR_DIFF_TYPE;
  if (metadata && !is_same(*before, *after)) change |= SAPDR_DIFF_METADATA;
  return change;
}

void count(DiffSide& side, const Node& node) {
  ++(node.type == NodeType::file  ? side.files
     : node.type == NodeType::dir ? side.dirs
                                  : side.others);
}

class Diff {
 public:
  Diff(Repository& repository, const SnapshotRef& before, const SnapshotRef& after,
       const DiffOptions& options, const std::function<void(const Difference&)>& each,
       DiffResult& result, Progress& progress)
      : repository_(repository),
        before_(before),
        after_(after),
        options_(options),
        each_(each),
        result_(result),
        progress_(progress),
        trees_(repository) {}

  void run();

 private:
  using Tree = std::optional<TreesAhead::Tree>;

  // What has one name in both snapshots, or in one of them.
  struct Pair {
    std::optional<Node> before, after;
    Tree before_tree, after_tree;  // to be looked into

    bool has_trees() const { return before_tree || after_tree; }
  };
  struct Level {
    std::string path;
    std::vector<Pair> pairs;  // in the order of their names
    size_t at = 0;
  };

  std::vector<Pair> pairs_of(Nodes before, Nodes after);
  void prepare(Pair& pair);
  void visit(const std::string& folder, Pair pair);
  void tell(const std::string& path, const Pair& pair);
  void check_folder(const std::string& path, const std::optional<Node>& node,
                    const SnapshotRef& ref);
  void load_ahead(Level& level);
  void enter(const std::string& path, Pair& pair);
  std::optional<Nodes> take(const std::string& path, Tree& tree, const SnapshotRef& ref);
  void failed(const std::string& path, const SnapshotRef& ref, const Error& error);
  void count_blobs();

  Repository& repository_;
  const SnapshotRef& before_;
  const SnapshotRef& after_;
  const DiffOptions& options_;
  const std::function<void(const Difference&)>& each_;
  DiffResult& result_;
  Progress& progress_;
  DiffBlobs blobs_;
  std::vector<Level> levels_;
  TreesAhead trees_;
};

void Diff::run() {
  progress_.phase(SAPDR_PHASE_CHECK);
  if (before_.tree == after_.tree) return;
  blobs_.need_tree(DiffBlobs::before, before_.tree);
  blobs_.need_tree(DiffBlobs::after, after_.tree);
  Pair roots;
  roots.before_tree = TreesAhead::Tree{before_.tree};
  roots.after_tree = TreesAhead::Tree{after_.tree};
  enter("/", roots);
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.at == level.pairs.size()) {
      levels_.pop_back();
      continue;
    }
    if (level.pairs[level.at].has_trees()) load_ahead(level);
    visit(level.path, std::move(level.pairs[level.at++]));
  }
  if (options_.count_blobs) count_blobs();
}

// Whatever order a writer left them in, and also if it used a name twice.
std::vector<Diff::Pair> Diff::pairs_of(Nodes before, Nodes after) {
  const auto by_name = [](const Node& a, const Node& b) { return a.name < b.name; };
  std::stable_sort(before.begin(), before.end(), by_name);
  std::stable_sort(after.begin(), after.end(), by_name);
  std::vector<Pair> pairs;
  pairs.reserve(std::max(before.size(), after.size()));
  auto b = before.begin();
  auto a = after.begin();
  while (b != before.end() || a != after.end()) {
    const bool take_before = a == after.end() || (b != before.end() && b->name <= a->name);
    const bool take_after = b == before.end() || (a != after.end() && a->name <= b->name);
    Pair& pair = pairs.emplace_back();
    if (take_before) pair.before = std::move(*b++);
    if (take_after) pair.after = std::move(*a++);
    prepare(pair);
  }
  return pairs;
}

// Notes what blobs a pair needs, and what of it is to be looked into.
void Diff::prepare(Pair& pair) {
  if (options_.count_blobs && pair.before) blobs_.need(DiffBlobs::before, *pair.before);
  if (options_.count_blobs && pair.after) blobs_.need(DiffBlobs::after, *pair.after);
  if (pair.before && pair.after) {
    if (pair.before->type != pair.after->type) return;
    if (pair.before->subtree && pair.before->subtree == pair.after->subtree) {
      return blobs_.common(*pair.before->subtree);
    }
  }
  const auto tree_of = [](const std::optional<Node>& node) -> Tree {
    if (!node || node->type != NodeType::dir || !node->subtree) return std::nullopt;
    return TreesAhead::Tree{*node->subtree};
  };
  pair.before_tree = tree_of(pair.before);
  pair.after_tree = tree_of(pair.after);
}

void Diff::visit(const std::string& folder, Pair pair) {
  progress_.checkpoint();
  const Node& node = pair.after ? *pair.after : *pair.before;
  const std::string path = join_path(folder, node.name);
  tell(path, pair);
  check_folder(path, pair.before, before_);
  check_folder(path, pair.after, after_);
  if (pair.has_trees()) enter(path, pair);
}

void Diff::check_folder(const std::string& path, const std::optional<Node>& node,
                        const SnapshotRef& ref) {
  if (!node || node->type != NodeType::dir || node->subtree) return;
  failed(path, ref, Error(Code::corrupt, path + " is a folder without a tree"));
}

void Diff::tell(const std::string& path, const Pair& pair) {
  const Node* before = pair.before ? &*pair.before : nullptr;
  const Node* after = pair.after ? &*pair.after : nullptr;
  const uint32_t change = change_of(before, after, options_.metadata);
  if (change == SAPDR_DIFF_ADDED) count(result_.added, *after);
  if (change == SAPDR_DIFF_REMOVED) count(result_.removed, *before);
  if (change == SAPDR_DIFF_MODIFIED) ++result_.files_changed;
  if (change != 0) each_({change, path, before, after});
}

// The trees of the pair that comes next, and those of some behind it.
void Diff::load_ahead(Level& level) {
  size_t n = 0;
  for (size_t i = level.at; i < level.pairs.size() && n < trees_.per_folder(); ++i) {
    for (Tree* tree : {&level.pairs[i].before_tree, &level.pairs[i].after_tree}) {
      if (!*tree) continue;
      if (!trees_.start(**tree)) return;
      ++n;
    }
  }
}

void Diff::enter(const std::string& path, Pair& pair) {
  std::optional<Nodes> before = take(path, pair.before_tree, before_);
  std::optional<Nodes> after = take(path, pair.after_tree, after_);
  progress_.done(1, 0, path);
  if (!before || !after) return;
  if (levels_.size() >= max_folder_depth) {
    return failed(path, pair.before_tree ? before_ : after_,
                  Error(Code::corrupt, path + " is nested more than " +
                                           std::to_string(max_folder_depth) + " folders deep"));
  }
  levels_.push_back({path, pairs_of(*std::move(before), *std::move(after))});
}

// Nothing if it cannot be read; a tree that is not there is an empty one.
std::optional<Nodes> Diff::take(const std::string& path, Tree& tree, const SnapshotRef& ref) {
  if (!tree) return Nodes();
  try {
    return trees_.take(*tree);
  } catch (const Error& error) {
    if (!is_about_tree(error)) throw;
    failed(path, ref, error);
    return std::nullopt;
  }
}

void Diff::failed(const std::string& path, const SnapshotRef& ref, const Error& error) {
  ++result_.failed;
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED,
                  .path = path,
                  .error = &error,
                  .snapshot_id = ref.snapshot.id.hex()});
}

void Diff::count_blobs() {
  const auto failed = [&](const char* type, const Id& id, const Error& error) {
    ++result_.failed;
    progress_.count_error();
    progress_.item(
        {.action = SAPDR_ITEM_FAILED, .error = &error, .object_type = type, .object_id = id.hex()});
  };
  blobs_.count(repository_, result_, failed, progress_);
}

}  // namespace

void diff(Repository& repository, const SnapshotRef& before, const SnapshotRef& after,
          const DiffOptions& options, const std::function<void(const Difference&)>& each,
          DiffResult& result, Progress& progress) {
  result.before = before.snapshot.id;
  result.after = after.snapshot.id;
  Diff(repository, before, after, options, each, result, progress).run();
  if (result.failed == 0) return;
  throw Error(Code::incomplete,
              "snapshots " + before.snapshot.id.short_hex() + " and " +
                  after.snapshot.id.short_hex() +
                  " could not be compared whole: " + std::to_string(result.failed) +
                  " objects could not be read; check the repository");
}

}  // namespace sapdr::core
