// Walking over the files of a snapshot.
#pragma once

#include <string>
#include <vector>

#include "repository/snapshots.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

struct WalkOptions {
  bool recursive = true;
  // Only these and what is below; empty: everything. Not recursive: these and what is directly in
  // them.
  std::vector<std::string> paths = {};
};

// Depth first, folders before what is in them. One thread.
class Walk {
 public:
  // Throws Code::not_found if a path is not in the snapshot, Code::corrupt if a tree on the way to
  // one is damaged.
  Walk(RepositoryPtr repository, SnapshotRef ref, WalkOptions options);

  struct Entry {
    std::string path;  // begins with "/": the folder that the SnapshotRef names
    Node node;
  };
  // The next one, or nullptr at the end. Valid until the next call. Throws for a damaged tree; the
  // call after that goes on behind it.
  const Entry* next();

  const Snapshot& snapshot() const { return ref_.snapshot; }

 private:
  struct Level {
    std::string path;
    std::vector<Node> nodes;
    size_t at = 0;
  };
  void enter();
  bool descend_into(const std::string& path) const;
  bool is_wanted(const std::string& path) const;

  RepositoryPtr repository_;
  SnapshotRef ref_;
  WalkOptions options_;
  std::vector<Level> levels_;
  Entry current_;
  bool enter_current_ = false;  // at the next call
};

}  // namespace sapdr::core
