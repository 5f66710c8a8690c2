#include "operation/restore.hpp"

#include <sapdr/restore.h>

#include <optional>

#include "capi/patterns.hpp"
#include "capi/run.hpp"
#include "operation/warm_up.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

// Holds its lock until it is freed.
struct sapdr_restore_plan {
  sapdr_restore_plan(const core::RepositoryPtr& repository, const capi::SnapshotName& wanted,
                     std::string target, core::RestoreOptions options,
                     const sapdr_observer& callbacks, const sapdr_cancel* stop,
                     core::Progress& progress)
      : session(repository, capi::Index::readable, progress, core::LockMode::shared,
                core::Settle::before_changes),
        plan(core::RestorePlan::make(repository, session.find(wanted), std::move(target),
                                     std::move(options), progress)),
        snapshot(plan->snapshot(), core::load_verified(*repository)),
        observer(callbacks),
        cancel(stop) {}

  capi::Session session;
  std::unique_ptr<core::RestorePlan> plan;
  sapdr_snapshot snapshot;
  sapdr_observer observer;
  const sapdr_cancel* cancel;
  bool has_run = false;
};

namespace {

core::RestoreOptions read_restore(const sapdr_restore_options& given) {
  core::RestoreOptions options;
  options.overwrite =
      capi::read_choice<core::Overwrite>(given.overwrite, SAPDR_OVERWRITE_NEVER, "overwrite");
  options.includes = capi::read_patterns(given.includes, given.n_includes, "includes");
  options.excludes = capi::read_patterns(given.excludes, given.n_excludes, "excludes");
  options.verify = given.verify != 0;
  options.owner = given.no_owner == 0;
  options.sparse = given.no_sparse == 0;
  options.remove_extra = given.remove_extra != 0;
  return options;
}

sapdr_restore_stats to_c(const core::RestoreStats& from, uint64_t elapsed_ns) {
  sapdr_restore_stats stats{};
  stats.dirs = from.dirs;
  stats.files = from.files;
  stats.others = from.others;
  stats.files_unchanged = from.files_unchanged;
  stats.files_skipped = from.files_skipped;
  stats.items_failed = from.items_failed;
  stats.items_removed = from.items_removed;
  stats.bytes = from.bytes;
  stats.bytes_fetched = from.bytes_fetched;
  stats.packs = from.packs;
  stats.bytes_verified = from.bytes_verified;
  stats.elapsed_ns = elapsed_ns;
  return stats;
}

core::WarmUpOptions read_warm_up(const sapdr_warm_up_options* options) {
  const sapdr_warm_up_options given = capi::read_options(options, "options");
  capi::require_unused(given.reserved);
  core::WarmUpOptions read;
  read.wait = std::chrono::nanoseconds(capi::read_duration(given.wait_ns, "wait_ns"));
  read.interval = std::chrono::nanoseconds(capi::read_duration(given.interval_ns, "interval_ns"));
  return read;
}

sapdr_warm_up_result to_c(const core::WarmUpResult& from, uint64_t elapsed_ns) {
  sapdr_warm_up_result result{};
  result.packs = from.packs;
  result.asked = from.asked;
  result.waiting = from.waiting;
  result.elapsed_ns = elapsed_ns;
  return result;
}

// The plan, if it can be used in this process.
template <class Plan>
Plan& use(Plan* plan) {
  capi::require(plan, "plan").session.repository().context().check_process();
  return *plan;
}

}  // namespace

sapdr_status sapdr_restore_plan_new(sapdr_restore_plan** out, sapdr_repo* repo,
                                    const char* snapshot, const sapdr_snapshot_filter* filter,
                                    const char* target, const sapdr_restore_options* options,
                                    sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const capi::SnapshotName wanted = capi::read_name(snapshot, filter);
    const sapdr_restore_options given = capi::read_options(options, "options");
    const sapdr_observer observer = capi::read_options(given.observer, "observer");
    core::RestoreOptions read = read_restore(given);
    std::string folder = capi::optional_text(target, "target");
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(&observer, given.cancel);
      return std::make_unique<sapdr_restore_plan>(
          repository, wanted, std::move(folder), std::move(read), observer, given.cancel, progress);
    });
  });
}

sapdr_status sapdr_restore_plan_stats(const sapdr_restore_plan* plan, sapdr_restore_stats* stats,
                                      sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_restore_stats> result(&capi::require(stats, "stats"));
    result.write(to_c(use(plan).plan->stats(), 0));
  });
}

const sapdr_snapshot* sapdr_restore_plan_snapshot(const sapdr_restore_plan* plan) {
  return plan == nullptr ? nullptr : &plan->snapshot;
}

const char* sapdr_restore_plan_target(const sapdr_restore_plan* plan) {
  return plan == nullptr ? "" : plan->plan->target().c_str();
}

sapdr_status sapdr_restore_plan_warm_up(sapdr_warm_up_result* result, sapdr_restore_plan* plan,
                                        const sapdr_warm_up_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_warm_up_result> told(result);
    sapdr_restore_plan& planned = use(plan);
    const core::WarmUpOptions read = read_warm_up(options);
    core::Repository& repository = planned.session.repository();
    capi::at_pace(repository.context(), [&] {
      capi::RunProgress progress(&planned.observer, planned.cancel);
      core::WarmUpResult done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      core::warm_up(repository.backend(), planned.plan->packs(), read, done, progress);
    });
  });
}

sapdr_status sapdr_restore_plan_run(sapdr_restore_stats* result, sapdr_restore_plan* plan,
                                    sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_restore_stats> told(result);
    sapdr_restore_plan& once = use(plan);
    if (std::exchange(once.has_run, true)) {
      throw core::Error(core::Code::invalid_state,
                        "this restore plan was run already; make a new plan");
    }
    capi::at_pace(once.session.repository().context(), [&] {
      capi::RunProgress progress(&once.observer, once.cancel);
      core::RestoreStats done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      once.session.settled([&] { once.plan->run(done, progress); });
    });
  });
}

void sapdr_restore_plan_free(sapdr_restore_plan* plan) {
  if (plan != nullptr && !capi::is_forked(plan->session.repository().context())) delete plan;
}
