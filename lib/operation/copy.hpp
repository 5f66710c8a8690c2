// Copy: snapshots of one repository, with all that they need, into another one.
#pragma once

#include <string>
#include <vector>

#include "observe/progress.hpp"
#include "repository/lock.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct LockedRepository {
  Repository& repository;
  const RepositoryLock& lock;
};

struct CopyOptions {
  std::vector<std::string> snapshots;  // names; none: all that match
  SnapshotFilter filter;
  bool dry_run = false;
};

struct CopyResult {
  uint64_t snapshots_copied = 0;
  uint64_t snapshots_skipped = 0;  // were copied before
  uint64_t snapshots_failed = 0;
  uint64_t data_blobs_new = 0;
  uint64_t tree_blobs_new = 0;
  uint64_t bytes_new = 0;
  uint64_t bytes_stored = 0;
  uint64_t packs_new = 0;
  uint64_t bytes_fetched = 0;
};

// Snapshot by snapshot, oldest first: each is in the destination when all that it needs is durable
// there. Blobs that the destination has are not copied again, so that a run that was ended goes on
// where it was. Needs load_index() of the destination. What is damaged in the source fails the
// snapshots that need it; it tells each snapshot, fills in `result` as far as it gets, and throws
// Code::incomplete at the end if one failed.
void copy(const LockedRepository& source, const LockedRepository& destination,
          const CopyOptions& options, CopyResult& result, Progress& progress);

}  // namespace sapdr::core
