// Repair: what is left of a damaged repository becomes a sound one again. In this order: the index
// from the packs, packs without the blobs that are damaged, snapshots without the files that are
// gone. Each step only trusts what it reads from storage, and removes nothing that could still be
// of use: packs are marked, and go with a prune when the grace period is over.
#pragma once

#include <string>
#include <vector>

#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct RepairIndexOptions {
  bool read_all_packs = false;  // not only the headers of packs that no index names or fits
  bool dry_run = false;
};

struct RepairIndexResult {
  uint64_t packs = 0;          // that the new index names
  uint64_t packs_read = 0;     // whose headers were read
  uint64_t packs_added = 0;    // that no index named
  uint64_t packs_changed = 0;  // in which there is something else than the index said
  uint64_t packs_dropped = 0;  // that the index named and that are missing
  uint64_t index_files_damaged = 0;
  uint64_t problems = 0;  // told as items: what was dropped or could not be read
};

// Makes the index say what is in the packs. Marked packs are taken back. Throws Code::incomplete if
// a pack has no header that can be read: its blobs are not in the index unless it named them
// before.
void repair_index(Repository& repository, const RepairIndexOptions& options,
                  RepairIndexResult& result, Progress& progress);

struct RepairPacksResult {
  uint64_t packs_read = 0;
  uint64_t bytes_read = 0;
  uint64_t packs_damaged = 0;
  uint64_t blobs_saved = 0;  // moved to new packs
  uint64_t blobs_lost = 0;   // told as items; no copy of them is right
};

// Moves what is right out of damaged packs and takes those out of the index. `packs`: which ones to
// look at (ids or prefixes); empty: all. Throws Code::incomplete if blobs are lost.
void repair_packs(Repository& repository, const std::vector<std::string>& packs, bool dry_run,
                  RepairPacksResult& result, Progress& progress);

struct RepairSnapshotsOptions {
  std::vector<std::string> names;  // ids or prefixes; empty: all that match the filter
  SnapshotFilter filter;
  bool forget = false;  // remove the damaged ones once the repaired ones are stored
  bool dry_run = false;
};

struct RepairSnapshotsResult {
  uint64_t snapshots = 0;  // looked at
  uint64_t snapshots_repaired = 0;
  uint64_t snapshots_lost = 0;  // nothing of them is left
  uint64_t snapshots_removed = 0;
  uint64_t files_dropped = 0;  // told as items; over all snapshots
  uint64_t folders_dropped = 0;
};

// Stores, for each snapshot that needs something which is gone, one without the files and folders
// that need it, tagged "repaired". A file is whole or it is left out. One that lies under a wrong
// name is stored under its own. Throws Code::incomplete if something was left out, or a snapshot
// could not be read.
void repair_snapshots(Repository& repository, const RepairSnapshotsOptions& options,
                      RepairSnapshotsResult& result, Progress& progress);

}  // namespace sapdr::core
