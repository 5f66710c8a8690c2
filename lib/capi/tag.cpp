#include "operation/tag.hpp"

#include <sapdr/tag.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

core::TagChange read_change(const sapdr_tag_options& given) {
  capi::require_unused(given.reserved);
  core::TagChange change;
  change.add = capi::read_strings(given.add, given.n_add, "add");
  change.remove = capi::read_strings(given.remove, given.n_remove, "remove");
  if (given.n_set == 0) return change;
  change.set = capi::read_strings(given.set, given.n_set, "set");
  if (change.set->size() == 1 && change.set->front().empty()) change.set->clear();
  return change;
}

sapdr_tag_result to_c(const core::TagResult& from, uint64_t elapsed_ns) {
  sapdr_tag_result result{};
  result.changed = from.changed;
  result.unchanged = from.unchanged;
  result.elapsed_ns = elapsed_ns;
  return result;
}

}  // namespace

sapdr_status sapdr_tag_run(sapdr_tag_result* result, sapdr_repo* repo, const char* const* snapshots,
                           size_t n_snapshots, const sapdr_snapshot_filter* filter,
                           const sapdr_tag_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_tag_result> told(result);
    const core::RepositoryPtr& repository = capi::use(repo);
    const auto names = capi::read_strings(snapshots, n_snapshots, "snapshots");
    const core::SnapshotFilter wanted = capi::read_filter(filter);
    const sapdr_tag_options given = capi::read_options(options, "options");
    const core::TagChange change = read_change(given);
    capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(given.observer, given.cancel);
      core::TagResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      const capi::Session session(repository, capi::Index::none, progress,
                                  core::LockMode::exclusive);
      core::tag(*repository, session.lock(), core::find_snapshots(*repository, names, wanted),
                change, done, progress);
    });
  });
}
