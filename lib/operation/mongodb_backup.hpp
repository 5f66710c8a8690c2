// Backing up MongoDB: all data with the oplog beside it, or the oplog since the last time.
#pragma once

#include <optional>

#include "component/mongodb/capture.hpp"
#include "operation/backup.hpp"

namespace sapdr::core {

struct MongodbBackupOptions {
  mongodb::CaptureOptions capture;
  bool full = false;  // also where the oplog since the last snapshot would do
};

struct MongodbBackupResult {
  bool is_full = false;
  // What the oplog no longer had: nothing between these two times can be restored. Both are zero if
  // there is no gap.
  mongodb::OplogTime gap_from, gap_to;
  mongodb::CaptureRecord record;
  // Beside a full one: the snapshot by which the history of the one before reaches up to it.
  // Without it no time between the two could be restored.
  std::optional<Id> bridge;
};

// Needs load_index(), and a time in `options`. Fills in `mongodb` and `result` as far as it gets.
// Throws what backup() does, and Code::gap after a snapshot of all data was stored because the
// oplog did not reach back to the last one.
void backup_mongodb(Repository& repository, const RepositoryLock& lock,
                    const mongodb::DeploymentPtr& deployment,
                    const MongodbBackupOptions& mongodb_options, const BackupOptions& options,
                    MongodbBackupResult& mongodb_result, BackupResult& result, Progress& progress);

}  // namespace sapdr::core
