#include <algorithm>
#include <optional>

#include "operation/repair.hpp"
#include "operation/tree_repair.hpp"
#include "repository/lock.hpp"

namespace sapdr::core {

namespace {

constexpr const char* repaired_tag = "repaired";

std::vector<Snapshot> choose(Repository& repository, const RepairSnapshotsOptions& options) {
  if (options.names.empty()) return list_snapshots(repository, options.filter);
  std::vector<Snapshot> snapshots;
  for (const std::string& name : options.names) {
    SnapshotRef found = find_snapshot(repository, name, options.filter);
    if (found.folder != "/") {
      throw Error(Code::invalid_argument,
                  "\"" + name + "\" names a folder; only whole snapshots can be repaired");
    }
    snapshots.push_back(std::move(found.snapshot));
  }
  return snapshots;
}

Snapshot with_tree(const Snapshot& damaged, const Id& tree) {
  Snapshot repaired = damaged;
  repaired.tree = tree;
  if (!repaired.original) repaired.original = damaged.id;
  if (std::ranges::find(repaired.tags, repaired_tag) == repaired.tags.end()) {
    repaired.tags.emplace_back(repaired_tag);
  }
  return repaired;
}

// Repairing again what was not removed stores nothing new.
bool is_among(const std::vector<Snapshot>& present, const Snapshot& repaired) {
  return std::ranges::any_of(present, [&](const Snapshot& snapshot) {
    return snapshot.original == repaired.original && snapshot.tree == repaired.tree;
  });
}

}  // namespace

void repair_snapshots(Repository& repository, const RepairSnapshotsOptions& options,
                      RepairSnapshotsResult& result, Progress& progress) {
  progress.phase(SAPDR_PHASE_CHECK);
  const RepositoryLock lock(repository, LockMode::shared, progress);
  repository.load_index(progress);
  BlobWriter writer(repository, lock, options.dry_run);
  TreeRepair trees(repository, writer, progress);
  std::vector<Snapshot> repaired;
  std::vector<Id> damaged;
  for (const Snapshot& snapshot : choose(repository, options)) {
    progress.expect(1, 0);
    const std::optional<Id> tree = trees.repair(snapshot.tree, snapshot.id);
    ++result.snapshots;
    progress.done(1, 0);
    if (tree == snapshot.tree) continue;
    damaged.push_back(snapshot.id);
    ++(tree ? result.snapshots_repaired : result.snapshots_lost);
    if (tree) repaired.push_back(with_tree(snapshot, *tree));
  }
  result.files_dropped = trees.files_dropped();
  result.folders_dropped = trees.folders_dropped();
  if (!options.dry_run) {
    progress.phase(SAPDR_PHASE_FINISH);
    writer.finish();
    const std::vector<Snapshot> present = list_snapshots(repository, {});
    for (const Snapshot& snapshot : repaired) {
      if (is_among(present, snapshot)) continue;
      lock.check();
      repository.save_unpacked(FileType::snapshot, snapshot_json(snapshot));
    }
    for (const Id& id : options.forget ? damaged : std::vector<Id>{}) {
      lock.check();
      repository.backend().erase({FileType::snapshot, id.hex()});
      ++result.snapshots_removed;
    }
  }
  if (!damaged.empty()) {
    throw Error(Code::incomplete,
                std::to_string(damaged.size()) +
                    " snapshots need data that is gone; what was left out is told");
  }
}

}  // namespace sapdr::core
