// Snapshots: the roots of everything, and what their writer noted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"

namespace sapdr::core {

struct SnapshotSummary {
  UnixNs backup_start = 0;
  UnixNs backup_end = 0;
  uint64_t files_new = 0;
  uint64_t files_changed = 0;
  uint64_t files_unmodified = 0;
  uint64_t dirs_new = 0;
  uint64_t dirs_changed = 0;
  uint64_t dirs_unmodified = 0;
  uint64_t data_blobs = 0;
  uint64_t tree_blobs = 0;
  uint64_t data_added = 0;
  uint64_t data_added_packed = 0;
  uint64_t total_files_processed = 0;
  uint64_t total_bytes_processed = 0;
};

struct Snapshot {
  Id id;  // hash of the stored file; not part of the JSON
  UnixNs time = 0;
  std::optional<Id> parent;
  Id tree;
  std::vector<std::string> paths;
  std::string hostname;
  std::string username;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<std::string> excludes;
  std::vector<std::string> tags;
  std::optional<Id> original;
  std::string program_version;
  std::optional<SnapshotSummary> summary;

  // Whether it has all of these tags. As for restic, the empty tag is that of a snapshot without
  // any.
  bool has_tags(const std::vector<std::string>& all) const;
};

// Fields, order and form as restic writes them. `id` stays null.
Snapshot parse_snapshot(std::string_view json, std::string_view what);
std::string snapshot_json(const Snapshot& snapshot);

}  // namespace sapdr::core
