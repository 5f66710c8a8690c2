#include "operation/mongodb_backup.hpp"

#include <optional>
#include <utility>

#include "component/mongodb/oplog_reader.hpp"
#include "operation/mongodb_snapshots.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

using mongodb::DeploymentPtr;
using mongodb::OplogTime;

bool can_go_on(const DeploymentPtr& deployment, OplogTime from) {
  bool is_there = false;
  deployment->retries().run("look into the oplog", [&](bool) {
    mongodb::Client client(*deployment);
    is_there = mongodb::oplog_has(client, from);
  });
  return is_there;
}

// The snapshot from which the oplog leads on. If there is one from which it does not, the gap
// begins there.
std::optional<MongodbSnapshot> find_base(Repository& repository, const DeploymentPtr& deployment,
                                         MongodbBackupResult& result) {
  auto base = latest_mongodb_snapshot(repository, result.record);
  if (!base || can_go_on(deployment, base->record.last)) return base;
  result.gap_from = base->record.last;
  return std::nullopt;
}

void require_no_gap(const MongodbBackupResult& result, const BackupResult& backup) {
  if (result.gap_from == OplogTime{}) return;
  const std::string snapshot = backup.snapshot ? backup.snapshot->short_hex() : "none";
  throw Error(Code::gap,
              "the oplog of MongoDB did not reach back to the last snapshot, so all data "
              "was read again (snapshot " +
                  snapshot + "): no time between " + to_string(result.gap_from) + " and " +
                  to_string(result.gap_to) +
                  " can be restored; enlarge the oplog, or back up more often")
      .with("gap_from", to_string(result.gap_from))
      .with("gap_to", to_string(result.gap_to));
}

// One run, whose parts share what they need.
class MongodbBackup {
 public:
  MongodbBackup(Repository& repository, const RepositoryLock& lock, DeploymentPtr deployment,
                mongodb::CaptureOptions capture, BackupOptions options, Progress& progress)
      : repository_(repository),
        lock_(lock),
        deployment_(std::move(deployment)),
        capture_(std::move(capture)),
        options_(std::move(options)),
        progress_(progress) {
    options_.fail_on_error = true;
  }

  void full(mongodb::CaptureRecord& record, BackupResult& result) {
    run(*mongodb::make_full_capture(deployment_, at(options_.time), record), "none", options_.time,
        result);
  }

  // `time`: of the snapshot.
  void incremental(const MongodbSnapshot& base, UnixNs time, mongodb::CaptureRecord& record,
                   BackupResult& result) {
    mongodb::CaptureRecord earlier = base.record;
    earlier.identity = record.identity;
    record = std::move(earlier);
    const Id folder = find_folder(repository_, base.snapshot.tree, base.folder);
    run(*mongodb::make_incremental_capture(deployment_, at(time), load_tree(repository_, folder),
                                           record),
        base.snapshot.id.hex(), time, result);
  }

 private:
  mongodb::CaptureOptions at(UnixNs time) const {
    mongodb::CaptureOptions capture = capture_;
    capture.time = time;
    return capture;
  }

  void run(Source& source, std::string parent, UnixNs time, BackupResult& result) {
    BackupOptions options = options_;
    options.parent = std::move(parent);
    options.time = time;
    backup(repository_, lock_, source, options, result, progress_);
  }

  Repository& repository_;
  const RepositoryLock& lock_;
  const DeploymentPtr deployment_;
  const mongodb::CaptureOptions capture_;
  BackupOptions options_;
  Progress& progress_;
};

void warn_of_no_oplog(const Repository& repository, const mongodb::Deployment& deployment) {
  repository.context().log(LogLevel::warning, "mongodb",
                           "MongoDB at " + deployment.hosts() +
                               " is no replica set and has no oplog: what is written during the "
                               "backup is in it or not, and no point in time can be restored");
}

}  // namespace

void backup_mongodb(Repository& repository, const RepositoryLock& lock,
                    const DeploymentPtr& deployment, const MongodbBackupOptions& mongodb_options,
                    const BackupOptions& options, MongodbBackupResult& mongodb_result,
                    BackupResult& result, Progress& progress) {
  mongodb::CaptureRecord& record = mongodb_result.record;
  progress.checkpoint();
  record.identity = deployment->identify();
  record.filter = mongodb_options.capture.filter;
  std::optional<MongodbSnapshot> base;
  if (record.identity.has_oplog()) {
    base = find_base(repository, deployment, mongodb_result);
  } else {
    warn_of_no_oplog(repository, *deployment);
  }
  MongodbBackup run(repository, lock, deployment, mongodb_options.capture, options, progress);
  mongodb_result.is_full = !base || mongodb_options.full;
  if (!mongodb_result.is_full) return run.incremental(*base, options.time, record, result);
  run.full(record, result);
  if (base) {
    // It is listed before the full one, from which the next run goes on.
    mongodb::CaptureRecord bridged;
    bridged.identity = record.identity;
    BackupResult bridge;
    run.incremental(*base, options.time - 1, bridged, bridge);
    mongodb_result.bridge = bridge.snapshot;
  }
  if (mongodb_result.gap_from != OplogTime{}) mongodb_result.gap_to = record.consistent;
  require_no_gap(mongodb_result, result);
}

}  // namespace sapdr::core
