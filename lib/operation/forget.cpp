#include "operation/forget.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "repository/erase_all.hpp"

namespace sapdr::core {

namespace {

using GroupKey = std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>;

std::vector<std::string> sorted(std::vector<std::string> list) {
  std::ranges::sort(list);
  return list;
}

GroupKey key_of(const Snapshot& snapshot, const GroupBy& by) {
  return {by.host ? snapshot.hostname : "",
          by.paths ? sorted(snapshot.paths) : std::vector<std::string>{},
          by.tags ? sorted(snapshot.tags) : std::vector<std::string>{}};
}

std::string describe(const GroupKey& key) {
  const auto& [host, paths, tags] = key;
  std::string text;
  const auto append = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += (text.empty() ? "" : ", ") + std::string(what) + " " + value;
  };
  append("host", host);
  for (const std::string& path : paths) append("path", path);
  for (const std::string& tag : tags) append("tag", tag);
  return text.empty() ? "all snapshots" : text;
}

std::vector<ForgetDecision> named(Repository& repository, const SnapshotFilter& filter,
                                  const std::vector<std::string>& names) {
  std::vector<ForgetDecision> decisions;
  for (const std::string& name : names) {
    if (name.find(':') != std::string::npos) {
      throw Error(Code::invalid_argument, "\"" + name +
                                              "\" names a folder; only whole snapshots can be "
                                              "forgotten");
    }
    SnapshotRef found = find_snapshot(repository, name, filter);
    const bool is_known = std::ranges::any_of(
        decisions, [&](const ForgetDecision& d) { return d.snapshot.id == found.snapshot.id; });
    if (!is_known) decisions.push_back({std::move(found.snapshot), 0, {}});
  }
  return decisions;
}

}  // namespace

std::vector<ForgetDecision> plan_forget(Repository& repository, const SnapshotFilter& filter,
                                        const ForgetOptions& options) {
  if (!options.names.empty()) return named(repository, filter, options.names);
  if (options.policy.is_empty() && !options.allow_remove_all) {
    throw Error(Code::invalid_argument,
                "nothing says which snapshots to keep; give at least one rule, as keep-daily 7");
  }
  if (options.policy.is_empty() && filter.is_empty()) {
    throw Error(Code::invalid_argument,
                "without a rule, snapshots are only removed by host, tag or path; say which");
  }
  const std::vector<Snapshot> snapshots = list_snapshots(repository, filter);
  std::map<GroupKey, std::vector<const Snapshot*>> groups;
  for (const Snapshot& snapshot : snapshots) {
    groups[key_of(snapshot, options.group_by)].push_back(&snapshot);
  }
  std::vector<ForgetDecision> decisions;
  size_t number = 0;
  for (const auto& [key, group] : groups) {
    std::vector<Retained> retained =
        apply_policy(options.policy, group, repository.context().now());
    const bool is_any_kept =
        std::ranges::any_of(retained, [](const Retained& one) { return !one.reasons.empty(); });
    if (!is_any_kept && !options.allow_remove_all) {
      throw Error(Code::invalid_argument,
                  "no rule keeps a snapshot of the group " + describe(key) +
                      "; nothing was removed: add a rule, or allow to remove all");
    }
    for (Retained& one : retained) {
      decisions.push_back({*one.snapshot, number, std::move(one.reasons)});
    }
    ++number;
  }
  return decisions;
}

void run_forget(Repository& repository, const RepositoryLock& lock,
                const std::vector<ForgetDecision>& decisions, std::atomic<uint64_t>& removed,
                Progress& progress) {
  lock.require_held();
  progress.phase(SAPDR_PHASE_FINISH);
  std::vector<Id> doomed;
  for (const ForgetDecision& decision : decisions) {
    if (decision.reasons.empty()) doomed.push_back(decision.snapshot.id);
  }
  progress.expect(doomed.size(), 0);
  const auto before = [&] {
    progress.checkpoint();
    lock.check();
  };
  erase_all(repository.backend(), FileType::snapshot, doomed, before, [&](size_t) {
    ++removed;
    progress.done(1, 0);
  });
}

}  // namespace sapdr::core
