#include <algorithm>
#include <map>
#include <optional>

#include "operation/repair.hpp"
#include "operation/tree_repair.hpp"
#include "repository/erase_all.hpp"
#include "repository/lock.hpp"

namespace sapdr::core {

namespace {

constexpr const char* repaired_tag = "repaired";

struct Chosen {
  std::vector<Snapshot> snapshots;
  std::vector<Id> unreadable;  // names of files
};

// A filter tells nothing about what cannot be read.
bool is_meant(const RepairSnapshotsOptions& options, const Id& file) {
  if (options.names.empty()) return options.filter.is_empty();
  return std::ranges::any_of(options.names,
                             [&](const std::string& name) { return file.hex().starts_with(name); });
}

Chosen choose(Repository& repository, const RepairSnapshotsOptions& options, Progress& progress) {
  std::map<Id, Error> damaged;
  Chosen chosen;
  chosen.snapshots = find_snapshots(repository, options.names, options.filter,
                                    [&](const Id& file, const Error& error) {
                                      if (is_meant(options, file)) damaged.emplace(file, error);
                                    });
  for (const auto& [file, error] : damaged) {
    progress.count_error();
    progress.damaged("snapshot", file.hex(), error);
    chosen.unreadable.push_back(file);
  }
  return chosen;
}

// The snapshot in a file whose name is wrong, and nothing else about it: its MAC is right.
std::optional<Snapshot> load_misnamed(Repository& repository, const Id& file) {
  try {
    const auto [id, json] = repository.load_misnamed(FileType::snapshot, file);
    Snapshot snapshot = parse_snapshot(as_text(json), "snapshot " + file.hex());
    snapshot.id = id;
    return snapshot;
  } catch (const Error& error) {
    if (error.code() != Code::corrupt) throw;  // what cannot be read now is not lost
    return std::nullopt;
  }
}

Snapshot with_tree(const Snapshot& damaged, const Id& tree) {
  Snapshot repaired = damaged;
  repaired.tree = tree;
  if (!repaired.original) repaired.original = damaged.id;
  if (tree != damaged.tree &&
      std::ranges::find(repaired.tags, repaired_tag) == repaired.tags.end()) {
    repaired.tags.emplace_back(repaired_tag);
  }
  return repaired;
}

// Repairing again what was not removed stores nothing new.
bool is_among(const std::vector<Snapshot>& present, const Snapshot& repaired) {
  return std::ranges::any_of(present, [&](const Snapshot& snapshot) {
    return (snapshot.id == repaired.id || snapshot.original == repaired.original) &&
           snapshot.tree == repaired.tree;
  });
}

}  // namespace

void repair_snapshots(Repository& repository, const RepairSnapshotsOptions& options,
                      RepairSnapshotsResult& result, Progress& progress) {
  progress.phase(SAPDR_PHASE_CHECK);
  const Repository::ReadAnew anew(repository);
  const RepositoryLock lock(repository, LockMode::shared, progress);
  if (!options.dry_run) lock.require_held();
  repository.load_index(progress);
  BlobWriter writer(repository, lock, options.dry_run);
  TreeRepair trees(repository, writer, progress);
  std::vector<Snapshot> repaired;
  std::vector<Id> damaged;
  const auto look_at = [&](const Snapshot& snapshot, const Id& file) {
    progress.expect(1, 0);
    const std::optional<Id> tree = trees.repair(snapshot.tree, file);
    ++result.snapshots;
    progress.done(1, 0);
    if (tree == snapshot.tree && file == snapshot.id) return;
    damaged.push_back(file);
    ++(tree ? result.snapshots_repaired : result.snapshots_lost);
    if (tree) repaired.push_back(with_tree(snapshot, *tree));
  };
  const Chosen chosen = choose(repository, options, progress);
  for (const Snapshot& snapshot : chosen.snapshots) look_at(snapshot, snapshot.id);
  for (const Id& file : chosen.unreadable) {
    if (const std::optional<Snapshot> snapshot = load_misnamed(repository, file)) {
      look_at(*snapshot, file);
      continue;
    }
    ++result.snapshots;
    ++result.snapshots_lost;
    damaged.push_back(file);
  }
  result.files_dropped = trees.files_dropped();
  result.folders_dropped = trees.folders_dropped();
  if (!options.dry_run) {
    progress.phase(SAPDR_PHASE_FINISH);
    writer.finish();
    const std::vector<Snapshot> present =
        list_snapshots(repository, {}, [](const Id&, const Error&) {});  // told already
    for (const Snapshot& snapshot : repaired) {
      if (is_among(present, snapshot)) continue;
      lock.check();
      repository.save_unpacked(FileType::snapshot, snapshot_json(snapshot));
    }
    erase_all(
        repository.backend(), FileType::snapshot, options.forget ? damaged : std::vector<Id>{},
        [&] { lock.check(); }, [&](size_t) { ++result.snapshots_removed; });
  }
  if (!damaged.empty()) {
    throw Error(
        Code::incomplete,
        std::to_string(damaged.size()) +
            " snapshots cannot be read or need data that is gone; what was left out is told");
  }
}

}  // namespace sapdr::core
