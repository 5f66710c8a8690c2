/* Prune: a plan that can be looked at, then a run. */
#pragma once

#include <sapdr/prune.h>

#include <chrono>
#include <memory>
#include <optional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <string>
#include <vector>

namespace sapdr {

using prune_stats = sapdr_prune_stats;
using prune_error = run_error<prune_stats>;

/* The fields mean what they mean in sapdr_prune_options. */
struct prune_options {
  bool repack_small = false;
  sapdr::observer observer{};                      /* serves the plan and the run */
  const cancel_source* cancel = nullptr;           /* must outlive the plan */
  std::optional<std::string> max_unused{};         /* "5%", "10G", "unlimited" */
  uint64_t max_repack_size = 0;                    /* 0: any */
  std::optional<std::chrono::nanoseconds> grace{}; /* nothing: 24 hours; zero: packs go at once */
  std::vector<std::string> without_snapshots{};    /* full ids; it runs once they are gone */
  bool forget = false;                             /* they are removed by the run */
};

/* What a prune will do. Holds a lock of the repository until it has run or ends, and must end
 * before the repository does. */
class prune_plan {
 public:
  /* What it will do. */
  prune_stats stats() const {
    auto stats = detail::initialized<sapdr_prune_stats>();
    detail::error_out err;
    err.check(sapdr_prune_plan_stats(handle_.get(), &stats, err));
    return stats;
  }

  /* Runs the plan, once. Throws prune_error. */
  prune_stats run() {
    auto stats = detail::initialized<sapdr_prune_stats>();
    detail::error_out err;
    const sapdr_status status = sapdr_prune_plan_run(&stats, handle_.get(), err);
    observer_->thrown().rethrow();
    err.check(status, stats);
    return stats;
  }

 private:
  friend class repository;

  prune_plan(sapdr_repo* repo, const prune_options& options)
      : observer_(std::make_unique<detail::c_observer>(options.observer)) {
    const detail::c_strings without(options.without_snapshots);
    auto c = detail::initialized<sapdr_prune_options>();
    c.repack_small = options.repack_small;
    c.observer = observer_->get();
    c.cancel = detail::c_cancel(options.cancel);
    c.max_unused = detail::c_string(options.max_unused);
    c.max_repack_size = options.max_repack_size;
    c.grace_ns = c_grace(options.grace);
    c.without_snapshots = without.data();
    c.n_without_snapshots = without.size();
    c.forget = options.forget;
    detail::error_out err;
    sapdr_prune_plan* plan = nullptr;
    const sapdr_status status = sapdr_prune_plan_new(&plan, repo, &c, err);
    handle_.reset(plan);
    observer_->thrown().rethrow();
    err.check(status);
  }

  static int64_t c_grace(std::optional<std::chrono::nanoseconds> grace) {
    if (!grace) return 0;
    if (grace->count() < 0) throw error(SAPDR_E_INVALID_ARGUMENT, "grace is negative");
    return grace->count() == 0 ? SAPDR_GRACE_NONE : grace->count();
  }

  std::unique_ptr<detail::c_observer> observer_; /* the plan points to it: it goes last */
  detail::handle<sapdr_prune_plan, sapdr_prune_plan_free> handle_;
};

}  // namespace sapdr
