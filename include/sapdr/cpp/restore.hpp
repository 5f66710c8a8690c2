/* Restore: a plan that can be looked at, then a run. */
#pragma once

#include <sapdr/restore.h>

#include <chrono>
#include <memory>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <sapdr/cpp/snapshot.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

using warm_up_result = sapdr_warm_up_result;
using restore_stats = sapdr_restore_stats;
using restore_error = run_error<restore_stats>;

/* The fields mean what they mean in sapdr_restore_options. */
struct restore_options {
  int32_t overwrite = SAPDR_OVERWRITE_IF_CHANGED;
  sapdr::observer observer{};            /* serves the plan and the run */
  const cancel_source* cancel = nullptr; /* must outlive the plan */
  std::vector<std::string> includes{};
  std::vector<std::string> excludes{};
  bool verify = false;
  bool no_owner = false;
  bool no_sparse = false;
  bool remove_extra = false;
};

/* The fields mean what they mean in sapdr_warm_up_options. */
struct warm_up_options {
  std::chrono::nanoseconds wait{};     /* 0: do not wait */
  std::chrono::nanoseconds interval{}; /* 0: a minute, or a tenth of the wait */
};

/* What a restore will do. Holds a lock of the repository as long as it lives, and must end before
 * the repository does. */
class restore_plan {
 public:
  /* What it will do. */
  restore_stats stats() const {
    auto stats = detail::initialized<sapdr_restore_stats>();
    detail::error_out err;
    err.check(sapdr_restore_plan_stats(handle_.get(), &stats, err));
    return stats;
  }

  snapshot_view snapshot() const {
    return snapshot_view(sapdr_restore_plan_snapshot(handle_.get()));
  }
  /* The folder it goes to, absolute. */
  std::string_view target() const { return sapdr_restore_plan_target(handle_.get()); }

  /* Asks for the packs that cannot be read at once, and maybe waits for them. Throws
   * run_error<warm_up_result>. */
  warm_up_result warm_up(const warm_up_options& options = {}) {
    auto c = detail::initialized<sapdr_warm_up_options>();
    c.wait_ns = options.wait.count();
    c.interval_ns = options.interval.count();
    auto result = detail::initialized<sapdr_warm_up_result>();
    detail::error_out err;
    const sapdr_status status = sapdr_restore_plan_warm_up(&result, handle_.get(), &c, err);
    observer_->thrown().rethrow();
    err.check(status, result);
    return result;
  }

  /* Runs the plan, once. Throws restore_error. */
  restore_stats run() {
    auto stats = detail::initialized<sapdr_restore_stats>();
    detail::error_out err;
    const sapdr_status status = sapdr_restore_plan_run(&stats, handle_.get(), err);
    observer_->thrown().rethrow();
    err.check(status, stats);
    return stats;
  }

 private:
  friend class repository;

  restore_plan(sapdr_repo* repo, const std::string& snapshot, const snapshot_filter& filter,
               const std::optional<std::string>& target, const restore_options& options)
      : observer_(std::make_unique<detail::c_observer>(options.observer)) {
    const detail::c_strings includes(options.includes), excludes(options.excludes);
    const detail::c_filter c_filter(filter);
    auto c = detail::initialized<sapdr_restore_options>();
    c.overwrite = options.overwrite;
    c.observer = observer_->get();
    c.cancel = detail::c_cancel(options.cancel);
    c.includes = includes.data();
    c.n_includes = includes.size();
    c.excludes = excludes.data();
    c.n_excludes = excludes.size();
    c.verify = options.verify;
    c.no_owner = options.no_owner;
    c.no_sparse = options.no_sparse;
    c.remove_extra = options.remove_extra;
    detail::error_out err;
    sapdr_restore_plan* plan = nullptr;
    const sapdr_status status = sapdr_restore_plan_new(
        &plan, repo, detail::c_string(snapshot), c_filter.get(), detail::c_string(target), &c, err);
    handle_.reset(plan);
    observer_->thrown().rethrow();
    err.check(status);
  }

  std::unique_ptr<detail::c_observer> observer_; /* the plan points to it: it goes last */
  detail::handle<sapdr_restore_plan, sapdr_restore_plan_free> handle_;
};

}  // namespace sapdr
