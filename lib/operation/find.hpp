// Find: in which snapshots, and where in them, is it?
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "component/files/patterns.hpp"
#include "format/tree.hpp"
#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

// What is looked for: whatever matches one of the patterns, or needs one of the objects.
struct FindOptions {
  PatternList patterns = {};
  // Only what was last modified in this time, both ends included; for the patterns.
  std::optional<UnixNs> oldest = {};
  std::optional<UnixNs> newest = {};
  // Ids, or prefixes of ids that the index knows.
  std::vector<std::string> blobs = {};  // of files
  std::vector<std::string> trees = {};
  std::vector<std::string> packs = {};  // any of their blobs and trees
};

struct FindResult {
  uint64_t snapshots = 0;
  uint64_t trees = 0;  // that were read
  uint64_t matches = 0;
  uint64_t failed = 0;
};

struct FindMatch {
  const Snapshot& snapshot;
  const std::string& path;  // "/": the root
  const Node& node;         // its `content` may be left out
  uint64_t n_blobs;
  // What the node was found by; null: by a pattern.
  const char* object_type;  // "blob", "tree"
  const Id* object;
  const Id* tree;  // that the node is in; null: it is the root
};

// Calls `each`, on this thread, for every match in each of the snapshots, in their order; folders
// before what is in them. A tree that several snapshots hold, or one in several places, is read
// once. Needs load_index(). Fills in `result` as far as it gets, then throws Code::incomplete if a
// tree could not be read. Throws Code::not_found or Code::ambiguous for a prefix,
// Code::invalid_argument if nothing is looked for.
void find(Repository& repository, const std::vector<SnapshotRef>& snapshots,
          const FindOptions& options, const std::function<void(const FindMatch&)>& each,
          FindResult& result, Progress& progress);

}  // namespace sapdr::core
