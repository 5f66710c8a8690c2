#include "operation/backup.hpp"

#include <sapdr/version.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "base/workers.hpp"
#include "operation/tree_builder.hpp"
#include "repository/blob_writer.hpp"
#include "repository/host.hpp"
#include "repository/pack_reader.hpp"
#include "repository/trees.hpp"
#include "repository/verified.hpp"

namespace sapdr::core {

namespace {

constexpr int64_t default_max_age = int64_t{30} * 24 * 3600 * 1'000'000'000;

#define SAPDR_TEXT_(x) #x
#define SAPDR_TEXT(x) SAPDR_TEXT_(x)
constexpr const char* program_version = "sapdr " SAPDR_TEXT(SAPDR_VERSION_MAJOR) "." SAPDR_TEXT(
    SAPDR_VERSION_MINOR) "." SAPDR_TEXT(SAPDR_VERSION_PATCH);

// The snapshot to compare with.
std::optional<Snapshot> find_parent(Repository& repository, const BackupOptions& options,
                                    const Snapshot& snapshot) {
  if (options.parent == "none") return std::nullopt;
  if (!options.parent.empty()) {
    return find_snapshot(repository, options.parent, {}).snapshot;
  }
  SnapshotFilter filter;
  filter.hosts = {snapshot.hostname};
  filter.paths = snapshot.paths;
  // A damaged snapshot is none to compare with, but a reason to back up.
  const auto skip = [&](const Id&, const Error& error) {
    repository.context().log(LogLevel::warning, "backup", error.message());
  };
  std::vector<Snapshot> candidates = list_snapshots(repository, filter, skip);
  std::erase_if(candidates, [&](const Snapshot& s) { return s.time > snapshot.time; });
  if (candidates.empty()) return std::nullopt;
  return std::move(candidates.back());
}

Snapshot describe(const Repository& repository, const Source& source,
                  const BackupOptions& options) {
  Snapshot snapshot;
  snapshot.time = options.time != 0 ? options.time : repository.context().now();
  snapshot.paths = source.paths();
  snapshot.hostname = options.host.empty() ? host_name() : options.host;
  snapshot.username = user_name();
  snapshot.uid = getuid();
  snapshot.gid = getgid();
  snapshot.excludes = options.excludes;
  snapshot.tags = options.tags;
  snapshot.program_version = program_version;
  return snapshot;
}

void note_counts(BackupResult& result, const WriteCounts& counts) {
  result.data_blobs_new = counts.data_blobs;
  result.tree_blobs_new = counts.tree_blobs;
  result.bytes_new = counts.plain_bytes;
  result.bytes_stored = counts.stored_bytes;
  result.packs_new = counts.packs;
}

SnapshotSummary summarise(const BackupResult& result, UnixNs start, UnixNs end) {
  SnapshotSummary summary;
  summary.backup_start = start;
  summary.backup_end = end;
  summary.files_new = result.files_new;
  summary.files_changed = result.files_changed;
  summary.files_unmodified = result.files_unmodified;
  summary.dirs_new = result.dirs_new;
  summary.dirs_changed = result.dirs_changed;
  summary.dirs_unmodified = result.dirs_unmodified;
  summary.data_blobs = result.data_blobs_new;
  summary.tree_blobs = result.tree_blobs_new;
  summary.data_added = result.bytes_new;
  summary.data_added_packed = result.bytes_stored;
  summary.total_files_processed = result.files_new + result.files_changed + result.files_unmodified;
  summary.total_bytes_processed = result.bytes_total;
  return summary;
}

// The packs that a tree and everything below it needs.
std::vector<uint32_t> packs_of(Repository& repository, const Id& root, Progress& progress) {
  std::mutex mutex;
  std::unordered_set<uint32_t> packs;
  const auto need = [&](const Id& id, BlobType type) {
    const auto place = repository.index().find(id, type);
    if (!place) {
      throw Error(Code::corrupt, std::string(to_string(type)) + " blob " + id.hex() +
                                     " of the new snapshot is not in the index");
    }
    packs.insert(place->pack);
  };
  BlobSet seen(repository.index());
  visit_trees(
      repository, {root}, seen,
      [&](const Id& tree, const std::vector<Node>* nodes, const Error* error) {
        if (nodes == nullptr) throw *error;
        const std::lock_guard lock(mutex);
        need(tree, BlobType::tree);
        for (const Node& node : *nodes) {
          for (const Id& id : node.content) need(id, BlobType::data);
        }
      },
      progress);
  std::vector<uint32_t> sorted(packs.begin(), packs.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// Reads back what was not proven lately, and records what then is.
void verify_snapshot(Repository& repository, const Snapshot& snapshot, const BackupOptions& options,
                     BackupResult& result, Progress& progress) {
  progress.phase(SAPDR_PHASE_VERIFY);
  const int64_t max_age =
      options.verify_max_age_ns > 0 ? options.verify_max_age_ns : default_max_age;
  const UnixNs now = repository.context().now();
  const VerifiedTimes known = load_verified(repository);
  VerifiedRecord record{.time = now, .packs = {}, .snapshots = {snapshot.id}};
  BlobIndex& index = repository.index();
  std::vector<uint32_t> due;
  for (const uint32_t pack : packs_of(repository, snapshot.tree, progress)) {
    const auto last = known.packs.find(index.pack_id(pack));
    if (last != known.packs.end() && now - last->second <= max_age) continue;
    due.push_back(pack);
    progress.expect(1, expected_pack_size(index.blobs_in(pack)));
  }
  std::mutex mutex;
  const auto verify_one = [&](uint32_t number) {
    const Id pack = index.pack_id(number);
    const PackReport report = read_pack(repository, pack, index.blobs_in(number));
    if (!report.problems.empty()) {
      throw Error(Code::corrupt, "snapshot " + snapshot.id.short_hex() +
                                     " is written but not verified: " + report.problems.front() +
                                     "; run check, then back up again")
          .with("pack", pack.hex());
    }
    progress.done(1, report.bytes);
    const std::lock_guard lock(mutex);
    record.packs.push_back(pack);
    ++result.packs_verified;
    result.bytes_verified += report.bytes;
  };
  Workers workers(repository.reads_at_once(), 1);
  for (const uint32_t number : due) {
    workers.submit([&verify_one, number] { verify_one(number); });
  }
  workers.finish();
  save_verified(repository, {record});
  result.state = BackupState::verified;
}

}  // namespace

void backup(Repository& repository, const RepositoryLock& lock, Source& source,
            const BackupOptions& options, BackupResult& result, Progress& progress) {
  if (!options.dry_run) lock.require_held();
  const UnixNs start = repository.context().now();
  Snapshot snapshot = describe(repository, source, options);
  const std::optional<Snapshot> parent = find_parent(repository, options, snapshot);
  std::optional<Id> parent_tree;
  if (parent) {
    repository.load_index(progress);  // the parent may have come since it was read
    result.parent = snapshot.parent = parent->id;
    parent_tree = parent->tree;
  }

  progress.phase(SAPDR_PHASE_READ);
  BlobWriter writer(repository, lock, options.dry_run);
  try {
    TreeBuilder builder(repository, writer, parent_tree, source.waiting_files(), options, result,
                        progress);
    source.run(builder);
    snapshot.tree = builder.finish();
    if (builder.is_empty() && result.items_failed > 0) {
      throw Error(Code::io, "nothing could be read, so no snapshot was stored; the items say why");
    }
    progress.phase(SAPDR_PHASE_FINISH);
    writer.finish();
  } catch (...) {
    note_counts(result, writer.counts());
    throw;
  }
  note_counts(result, writer.counts());

  if (!options.dry_run) {
    snapshot.summary = summarise(result, start, repository.context().now());
    lock.check();
    progress.checkpoint();
    snapshot.id = repository.save_unpacked(FileType::snapshot, snapshot_json(snapshot));
    result.snapshot = snapshot.id;
    result.state = result.items_failed > 0 ? BackupState::incomplete : BackupState::written;
    if (options.verify && result.items_failed == 0) {
      verify_snapshot(repository, snapshot, options, result, progress);
    }
  }
  if (result.items_failed > 0) {
    throw Error(Code::incomplete,
                std::to_string(result.items_failed) +
                    " items could not be read and are not in the snapshot; the items say which");
  }
}

}  // namespace sapdr::core
