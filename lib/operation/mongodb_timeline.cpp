#include "operation/mongodb_timeline.hpp"

#include <algorithm>
#include <utility>

namespace sapdr::core {

namespace {

// Snapshots of one deployment.
struct Group {
  std::vector<MongodbSnapshot> snapshots;
};

std::vector<Group> grouped(std::vector<MongodbSnapshot> snapshots) {
  std::vector<Group> groups;
  for (MongodbSnapshot& each : snapshots) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
      return are_of_one_history(g.snapshots.front().record, each.record);
    });
    if (group == groups.end()) {
      groups.emplace_back().snapshots.push_back(std::move(each));
    } else {
      group->snapshots.push_back(std::move(each));
    }
  }
  return groups;
}

// Ranges that overlap, or touch, become one.
std::vector<MongodbRange> merged(std::vector<MongodbRange> ranges) {
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const MongodbRange& a, const MongodbRange& b) { return a.from < b.from; });
  std::vector<MongodbRange> apart;
  for (MongodbRange& each : ranges) {
    if (apart.empty() || apart.back().to < each.from) {
      apart.push_back(std::move(each));
      continue;
    }
    MongodbRange& last = apart.back();
    last.to = std::max(last.to, each.to);
    last.snapshots.insert(last.snapshots.end(), each.snapshots.begin(), each.snapshots.end());
  }
  return apart;
}

MongodbHistory history_of(const Group& group) {
  MongodbHistory history;
  history.identity = group.snapshots.back().record.identity;
  history.filter = group.snapshots.back().record.filter;
  std::vector<MongodbRange> ranges;
  for (const MongodbSnapshot& each : group.snapshots) {
    if (each.record.identity.has_oplog()) {
      ranges.push_back({each.record.consistent, each.record.last, {each.snapshot.id}});
    } else {
      history.undated.push_back(each.snapshot.id);
    }
  }
  history.ranges = merged(std::move(ranges));
  return history;
}

}  // namespace

std::vector<MongodbHistory> mongodb_timeline(Repository& repository, Progress& progress) {
  std::vector<MongodbHistory> histories;
  for (const Group& group : grouped(mongodb_snapshots(repository, {}, progress))) {
    histories.push_back(history_of(group));
  }
  return histories;
}

}  // namespace sapdr::core
