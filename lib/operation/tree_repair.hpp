// Trees without what is gone.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "format/tree.hpp"
#include "observe/progress.hpp"
#include "repository/blob_writer.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// Rewrites trees from the bottom up, each different one once. For one thread.
class TreeRepair {
 public:
  // Stores new trees with `writer`. Tells what it drops as items of `snapshot`.
  TreeRepair(Repository& repository, BlobWriter& writer, Progress& progress);

  // The tree in place of `root`: itself if all of it is there, nothing if nothing is left of it.
  std::optional<Id> repair(const Id& root, const Id& snapshot);

  uint64_t files_dropped() const { return files_dropped_; }
  uint64_t folders_dropped() const { return folders_dropped_; }

 private:
  struct Frame {
    Id id;
    std::string path;
    std::vector<Node> nodes;
    size_t next = 0;
    std::vector<Node> kept = {};
    bool has_changed = false;
  };

  void open(const Id& tree, std::string path);
  // False if a folder below has to be looked at first.
  bool go_on(Frame& frame);
  void drop(Frame& frame, const Node& node, const char* message);
  void close();
  bool is_whole(const Node& file) const;

  Repository& repository_;
  BlobWriter& writer_;
  Progress& progress_;
  std::vector<bool> pack_is_there_;
  std::unordered_map<Id, std::optional<Id>, IdHash> known_;  // old tree, new tree
  std::vector<Frame> stack_;
  Id snapshot_;
  uint64_t files_dropped_ = 0;
  uint64_t folders_dropped_ = 0;
};

}  // namespace sapdr::core
