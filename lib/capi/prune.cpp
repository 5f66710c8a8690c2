#include "operation/prune.hpp"

#include <sapdr/prune.h>

#include <utility>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

struct sapdr_prune_plan {
  core::RepositoryPtr repository;
  std::unique_ptr<core::PrunePlan> plan;
  sapdr_observer observer;
  const sapdr_cancel* cancel;
};

namespace {

std::unordered_set<core::Id, core::IdHash> read_ids(const char* const* list, size_t n,
                                                    const char* name) {
  std::unordered_set<core::Id, core::IdHash> ids;
  for (const std::string& text : capi::read_strings(list, n, name)) {
    const auto id = core::Id::parse(text);
    if (!id) {
      throw core::Error(core::Code::invalid_argument,
                        std::string("\"") + name + "\" holds \"" + text +
                            "\"; give ids in full, of 64 hexadecimal digits");
    }
    ids.insert(*id);
  }
  return ids;
}

core::PruneOptions read_prune(const sapdr_prune_options& given) {
  capi::require_unused(given.reserved);
  core::PruneOptions options;
  options.forget = given.forget != 0;
  options.without =
      read_ids(given.without_snapshots, given.n_without_snapshots, "without_snapshots");
  const std::string max_unused = capi::optional_text(given.max_unused, "max_unused");
  if (!max_unused.empty()) options.max_unused = core::MaxUnused(max_unused);
  if (given.max_repack_size != 0) options.max_repack_size = given.max_repack_size;
  options.repack_small = given.repack_small != 0;
  if (given.grace_ns == SAPDR_GRACE_NONE) {
    options.grace = std::chrono::nanoseconds(0);
  } else if (given.grace_ns != 0) {
    options.grace = std::chrono::nanoseconds(capi::read_duration(given.grace_ns, "grace_ns"));
  }
  return options;
}

sapdr_prune_stats to_c(const core::PruneStats& from, uint64_t elapsed_ns) {
  sapdr_prune_stats stats{};
  stats.snapshots = from.snapshots;
  stats.blobs_used = from.blobs_used;
  stats.bytes_used = from.bytes_used;
  stats.blobs_unused = from.blobs_unused;
  stats.bytes_unused = from.bytes_unused;
  stats.blobs_duplicate = from.blobs_duplicate;
  stats.bytes_duplicate = from.bytes_duplicate;
  stats.packs_total = from.packs_total;
  stats.bytes_total = from.bytes_total;
  stats.packs_repacked = from.packs_repacked;
  stats.bytes_repacked = from.bytes_repacked;
  stats.packs_marked = from.packs_marked;
  stats.bytes_marked = from.bytes_marked;
  stats.packs_waiting = from.packs_waiting;
  stats.bytes_waiting = from.bytes_waiting;
  stats.due_ns = from.due;
  stats.packs_removed = from.packs_removed;
  stats.bytes_removed = from.bytes_removed;
  stats.bytes_unused_after = from.bytes_unused_after;
  stats.elapsed_ns = elapsed_ns;
  stats.snapshots_removed = from.snapshots_removed;
  return stats;
}

// The plan, if it can be used in this process.
template <class Plan>
Plan& use(Plan* plan) {
  capi::require(plan, "plan").repository->context().check_process();
  return *plan;
}

}  // namespace

sapdr_status sapdr_prune_plan_new(sapdr_prune_plan** out, sapdr_repo* repo,
                                  const sapdr_prune_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const sapdr_prune_options given = capi::read_options(options, "options");
    const sapdr_observer observer = capi::read_options(given.observer, "observer");
    const core::PruneOptions read = read_prune(given);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(&observer, given.cancel);
      return std::make_unique<sapdr_prune_plan>(sapdr_prune_plan{
          repository, core::PrunePlan::make(repository, read, progress), observer, given.cancel});
    });
  });
}

sapdr_status sapdr_prune_plan_stats(const sapdr_prune_plan* plan, sapdr_prune_stats* stats,
                                    sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_prune_stats> result(&capi::require(stats, "stats"));
    result.write(to_c(use(plan).plan->stats(), 0));
  });
}

sapdr_status sapdr_prune_plan_run(sapdr_prune_stats* result, sapdr_prune_plan* plan,
                                  sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_prune_stats> told(result);
    sapdr_prune_plan& once = use(plan);
    capi::at_pace(once.repository->context(), [&] {
      capi::RunProgress progress(&once.observer, once.cancel);
      core::PruneStats done;
      const capi::AtEnd tell([&] { told.write(to_c(done, progress.elapsed_ns())); });
      once.plan->run(done, progress);
    });
  });
}

void sapdr_prune_plan_free(sapdr_prune_plan* plan) {
  if (plan != nullptr && !capi::is_forked(plan->repository->context())) delete plan;
}
