// Trees that a depth-first walk needs soon, loaded on all threads while it is busy with others.
#pragma once

#include <vector>

#include "operation/ahead.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

class TreesAhead {
 public:
  using Nodes = std::vector<Node>;

  // One tree that will be taken, once.
  struct Tree {
    Id id;
    Ahead<Nodes> nodes = {};  // if it is being loaded ahead
  };

  explicit TreesAhead(Repository& repository)
      : repository_(repository), loaders_(repository.reads_at_once(), max_trees) {}

  // The next few of a folder are enough: it must not take all the room from those below it.
  size_t per_folder() const { return size_t{4} * repository_.reads_at_once(); }

  // Begins to load it, unless that was done. False if there is no room for more.
  bool start(Tree& tree) {
    if (tree.nodes.is_started()) return true;
    if (n_started_ == max_trees) return false;
    ++n_started_;
    tree.nodes =
        Ahead<Nodes>::start(loaders_, [this, id = tree.id] { return load_tree(repository_, id); });
    return true;
  }

  // Throws what load_tree throws.
  Nodes take(Tree& tree) {
    if (!tree.nodes.is_started()) return load_tree(repository_, tree.id);
    --n_started_;
    return tree.nodes.take();
  }

 private:
  static constexpr size_t max_trees = 256;  // of all folders together

  Repository& repository_;
  size_t n_started_ = 0;
  Workers loaders_;  // last: its threads use the repository
};

// Whether an error says that a tree cannot be read, which a walk names and leaves behind.
inline bool is_about_tree(const Error& error) {
  return error.code() == Code::corrupt || error.code() == Code::not_found ||
         error.code() == Code::io;
}

}  // namespace sapdr::core
