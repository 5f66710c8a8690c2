#include "operation/stats.hpp"

#include <mutex>
#include <unordered_map>

#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

// What one tree holds, itself and everything below: the same tree counts once for each snapshot it
// is in.
struct Size {
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::vector<Id> below;
};

using Sizes = std::unordered_map<Id, Size, IdHash>;

// Sums a tree up from those below it, each once; a stack of its own instead of recursion, for deep
// snapshots.
Size total_of(Sizes& sizes, const Id& root) {
  std::vector<Id> stack{root};
  while (!stack.empty()) {
    const Id id = stack.back();
    Size& size = sizes[id];
    bool ready = true;
    for (const Id& child : size.below) {
      if (!sizes[child].below.empty()) {
        stack.push_back(child);
        ready = false;
      }
    }
    if (!ready) continue;
    for (const Id& child : size.below) {
      size.files += sizes[child].files;
      size.bytes += sizes[child].bytes;
    }
    size.below.clear();
    stack.pop_back();
  }
  return sizes[root];
}

}  // namespace

StatsResult stats(Repository& repository, const std::vector<Snapshot>& snapshots,
                  Progress& progress) {
  StatsResult result;
  Sizes sizes;
  BlobSet trees(repository.index());
  BlobSet blobs(repository.index());
  std::mutex mutex;
  const auto count_blob = [&](const Id& id, BlobType type) {
    if (!blobs.insert(id, type)) return;
    const auto place = repository.index().find(id, type);
    if (!place) {
      throw Error(Code::corrupt, std::string(to_string(type)) + " blob " + id.hex() +
                                     " is not in the index; check the repository");
    }
    ++result.blobs;
    result.plain_bytes += place->plain_length;
    result.stored_bytes += place->length;
  };
  std::vector<Id> roots;
  for (const Snapshot& snapshot : snapshots) roots.push_back(snapshot.tree);
  visit_trees(
      repository, roots, trees,
      [&](const Id& tree, const std::vector<Node>* nodes, const Error* error) {
        if (nodes == nullptr) throw *error;
        const std::lock_guard lock(mutex);
        count_blob(tree, BlobType::tree);
        Size& size = sizes[tree];
        for (const Node& node : *nodes) {
          if (node.type == NodeType::file) ++size.files;
          if (node.type == NodeType::file) size.bytes += node.size;
          if (node.subtree) size.below.push_back(*node.subtree);
          for (const Id& id : node.content) count_blob(id, BlobType::data);
        }
        progress.done(1, 0);
      },
      progress);
  for (const Snapshot& snapshot : snapshots) {
    const Size total = total_of(sizes, snapshot.tree);
    ++result.snapshots;
    result.files += total.files;
    result.restore_bytes += total.bytes;
  }
  repository.backend().list(FileType::pack,
                            [&](const ObjectInfo& pack) { result.repository_bytes += pack.size; });
  return result;
}

}  // namespace sapdr::core
