// Which points in time of MongoDB deployments can be restored.
#pragma once

#include <vector>

#include "operation/mongodb_snapshots.hpp"

namespace sapdr::core {

// Any time from `from` to `to` can be restored, each from one at least of the snapshots.
struct MongodbRange {
  mongodb::OplogTime from, to;
  std::vector<Id> snapshots;  // oldest first
};

// One deployment, or one part of it, if only some databases are backed up.
struct MongodbHistory {
  mongodb::Identity identity;  // of the latest snapshot
  mongodb::NamespaceFilter filter;
  std::vector<MongodbRange> ranges;  // apart from one another, oldest first: between them are gaps
  // Without an oplog: each is of no time that is known.
  std::vector<Id> undated;
};

// Needs load_index().
std::vector<MongodbHistory> mongodb_timeline(Repository& repository, Progress& progress);

}  // namespace sapdr::core
