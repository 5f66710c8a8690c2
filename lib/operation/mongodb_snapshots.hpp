// Snapshots of MongoDB, and what they say about themselves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "component/mongodb/capture_record.hpp"
#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct MongodbSnapshot {
  Snapshot snapshot;
  std::string folder;  // "/mongodb/REPLICA_SET"
  mongodb::CaptureRecord record;
};

// All of them, oldest first; of one folder, if it is not empty. Needs load_index(). A damaged
// snapshot or record is logged and left out: what it says cannot be relied on.
std::vector<MongodbSnapshot> mongodb_snapshots(Repository& repository, const std::string& folder,
                                               Progress& progress);

// The latest one of this deployment with this filter that has an oplog; nothing if there is none.
std::optional<MongodbSnapshot> latest_mongodb_snapshot(Repository& repository,
                                                       const mongodb::CaptureRecord& wanted);

// Whether two records are about the same databases of the same deployment.
bool are_of_one_history(const mongodb::CaptureRecord& a, const mongodb::CaptureRecord& b);

}  // namespace sapdr::core
