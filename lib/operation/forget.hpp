// Forget: snapshots go; what only they needed stays in storage until a prune.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "observe/progress.hpp"
#include "operation/retention.hpp"
#include "repository/lock.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

// By what snapshots are put into groups; a policy is applied to each group.
struct GroupBy {
  bool host = true;
  bool paths = true;
  bool tags = false;
};

struct ForgetOptions {
  RetentionPolicy policy;
  GroupBy group_by;
  std::vector<std::string> names;  // if there are any, just these go, whatever the policy says
  bool allow_remove_all = false;   // a group may lose its last snapshot
};

struct ForgetDecision {
  Snapshot snapshot;
  size_t group = 0;
  std::vector<std::string> reasons;  // why it is kept; empty: it goes
};

// Decides, group by group, newest first. Throws Code::invalid_argument if nothing says what to
// keep, or if a group would lose all its snapshots.
std::vector<ForgetDecision> plan_forget(Repository& repository, const SnapshotFilter& filter,
                                        const ForgetOptions& options);

// Removes those that are not kept and counts them in `removed`, also if it throws. One that is gone
// already counts as removed.
void run_forget(Repository& repository, const RepositoryLock& lock,
                const std::vector<ForgetDecision>& decisions, std::atomic<uint64_t>& removed,
                Progress& progress);

}  // namespace sapdr::core
