#include "operation/stats.hpp"

#include <sapdr/stats.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

// What is counted: one snapshot, with the tree of the folder that may be named, or all that match.
std::vector<core::Snapshot> choose(const capi::Session& session, const char* name,
                                   const core::SnapshotFilter& filter) {
  if (name == nullptr) {
    std::vector<core::Snapshot> all = core::list_snapshots(session.repository(), filter);
    session.catch_up();
    return all;
  }
  core::SnapshotRef found = session.find({name, filter});
  found.snapshot.tree = found.tree;
  return {std::move(found.snapshot)};
}

sapdr_stats_result to_c(const core::StatsResult& from) {
  sapdr_stats_result result{};
  result.snapshots = from.snapshots;
  result.files = from.files;
  result.restore_bytes = from.restore_bytes;
  result.blobs = from.blobs;
  result.plain_bytes = from.plain_bytes;
  result.stored_bytes = from.stored_bytes;
  result.repository_bytes = from.repository_bytes;
  return result;
}

}  // namespace

sapdr_status sapdr_stats_run(sapdr_stats_result* result, sapdr_repo* repo, const char* snapshot,
                             const sapdr_snapshot_filter* filter, sapdr_cancel* cancel,
                             sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_stats_result> told(&capi::require(result, "result"));
    const core::RepositoryPtr& repository = capi::use(repo);
    const core::SnapshotFilter wanted = capi::read_filter(filter);
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(nullptr, cancel);
      const capi::Session session(repository, capi::Index::load, progress);
      told.write(to_c(core::stats(*repository, choose(session, snapshot, wanted), progress)));
    });
  });
}
