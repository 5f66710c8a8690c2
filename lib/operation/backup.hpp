// Backup: what a source pushes becomes a snapshot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "observe/progress.hpp"
#include "repository/lock.hpp"
#include "repository/snapshots.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

// Where files are cut. Cut points are always restic's; `automatic` has those of tensors as well.
enum class Chunker : int32_t { automatic = 0, restic = 1 };

struct BackupOptions {
  std::string host;  // empty: this host's name
  std::vector<std::string> tags;
  std::vector<std::string> excludes;  // as the snapshot notes them; the source applies them
  UnixNs time = 0;                    // 0: now
  std::string parent;  // empty: the latest of the same host and paths; "none": no parent
  bool dry_run = false;
  bool verify = false;
  int64_t verify_max_age_ns = 0;  // 0: 30 days
  Chunker chunker = Chunker::automatic;
  bool fail_on_error = false;  // an item that fails fails the run
};

enum class BackupState : int32_t { failed = 0, incomplete = 1, written = 2, verified = 3 };

struct BackupResult {
  BackupState state = BackupState::failed;
  std::optional<Id> snapshot;
  std::optional<Id> parent;
  uint64_t files_new = 0, files_changed = 0, files_unmodified = 0;
  uint64_t dirs_new = 0, dirs_changed = 0, dirs_unmodified = 0;
  uint64_t items_total = 0;
  uint64_t items_failed = 0;
  uint64_t bytes_total = 0;
  uint64_t bytes_read = 0;
  uint64_t data_blobs_new = 0, tree_blobs_new = 0;
  uint64_t bytes_new = 0;
  uint64_t bytes_stored = 0;
  uint64_t packs_new = 0;
  uint64_t packs_verified = 0;
  uint64_t bytes_verified = 0;
};

// Needs load_index(). Fills in `result` as far as it gets. Throws Code::incomplete after the
// snapshot was stored if something was skipped; any other failure means that there is no snapshot.
void backup(Repository& repository, const RepositoryLock& lock, Source& source,
            const BackupOptions& options, BackupResult& result, Progress& progress);

}  // namespace sapdr::core
