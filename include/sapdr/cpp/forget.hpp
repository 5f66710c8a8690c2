/* Forget: a plan that can be looked at, then a run. */
#pragma once

#include <sapdr/forget.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <sapdr/cpp/context.hpp>
#include <sapdr/cpp/observer.hpp>
#include <sapdr/cpp/snapshot.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

/* Its result is how many snapshots were removed. */
using forget_error = run_error<uint64_t>;

/* The fields mean what they mean in sapdr_forget_options. */
struct forget_options {
  uint32_t group_by = 0;                 /* SAPDR_GROUP_BY_*; 0: host and paths */
  sapdr::observer observer{};            /* serves the run */
  const cancel_source* cancel = nullptr; /* must outlive the plan */
  uint32_t keep_last = 0;                /* SAPDR_KEEP_UNLIMITED: all */
  uint32_t keep_hourly = 0;
  uint32_t keep_daily = 0;
  uint32_t keep_weekly = 0;
  uint32_t keep_monthly = 0;
  uint32_t keep_yearly = 0;
  std::optional<std::string> keep_within{}; /* "1y5m7d2h" */
  std::optional<std::string> keep_within_hourly{};
  std::optional<std::string> keep_within_daily{};
  std::optional<std::string> keep_within_weekly{};
  std::optional<std::string> keep_within_monthly{};
  std::optional<std::string> keep_within_yearly{};
  std::vector<std::string> keep_tags{}; /* each "a,b": what has all these tags */
  std::vector<std::string> snapshots{}; /* just these go, without a policy */
  bool allow_remove_all = false;
};

/* What becomes of one snapshot; the views live as long as the plan. */
struct forget_decision {
  snapshot_view snapshot;
  bool keep;
  std::size_t group;        /* number of its group, from 0 */
  std::string_view reasons; /* why it is kept, separated by ", " */
};

/* What a forget will do: a range of decisions, group by group, newest first. Holds a lock of the
 * repository as long as it lives, and must end before the repository does. */
class forget_plan {
 public:
  auto begin() const noexcept { return decisions_.begin(); }
  auto end() const noexcept { return decisions_.end(); }
  std::size_t size() const noexcept { return decisions_.size(); }
  bool empty() const noexcept { return decisions_.empty(); }
  const forget_decision& operator[](std::size_t at) const { return decisions_[at]; }

  /* Removes what is not kept, once; returns how many. Throws forget_error. */
  uint64_t run() {
    uint64_t removed = 0;
    detail::error_out err;
    const sapdr_status status = sapdr_forget_plan_run(&removed, handle_.get(), err);
    observer_->thrown().rethrow();
    err.check(status, removed);
    return removed;
  }

 private:
  friend class repository;

  forget_plan(sapdr_repo* repo, const snapshot_filter& filter, const forget_options& options)
      : observer_(std::make_unique<detail::c_observer>(options.observer)) {
    const detail::c_strings keep_tags(options.keep_tags), snapshots(options.snapshots);
    const detail::c_filter c_filter(filter);
    auto c = rules(options);
    c.group_by = options.group_by;
    c.observer = observer_->get();
    c.cancel = detail::c_cancel(options.cancel);
    c.keep_tags = keep_tags.data();
    c.n_keep_tags = keep_tags.size();
    c.snapshots = snapshots.data();
    c.n_snapshots = snapshots.size();
    c.allow_remove_all = options.allow_remove_all;
    detail::error_out err;
    sapdr_forget_plan* plan = nullptr;
    const sapdr_status status = sapdr_forget_plan_new(&plan, repo, c_filter.get(), &c, err);
    handle_.reset(plan);
    err.check(status);
    for (std::size_t i = 0; i < sapdr_forget_plan_size(plan); ++i) {
      auto told = detail::initialized<sapdr_forget_decision>();
      err.check(sapdr_forget_plan_at(plan, i, &told, err));
      decisions_.push_back({.snapshot = snapshot_view(told.snapshot),
                            .keep = told.keep != 0,
                            .group = told.group,
                            .reasons = told.reasons});
    }
  }

  static sapdr_forget_options rules(const forget_options& options) {
    auto c = detail::initialized<sapdr_forget_options>();
    c.keep_last = options.keep_last;
    c.keep_hourly = options.keep_hourly;
    c.keep_daily = options.keep_daily;
    c.keep_weekly = options.keep_weekly;
    c.keep_monthly = options.keep_monthly;
    c.keep_yearly = options.keep_yearly;
    c.keep_within = detail::c_string(options.keep_within);
    c.keep_within_hourly = detail::c_string(options.keep_within_hourly);
    c.keep_within_daily = detail::c_string(options.keep_within_daily);
    c.keep_within_weekly = detail::c_string(options.keep_within_weekly);
    c.keep_within_monthly = detail::c_string(options.keep_within_monthly);
    c.keep_within_yearly = detail::c_string(options.keep_within_yearly);
    return c;
  }

  std::unique_ptr<detail::c_observer> observer_; /* the plan points to it: it goes last */
  detail::handle<sapdr_forget_plan, sapdr_forget_plan_free> handle_;
  std::vector<forget_decision> decisions_;
};

}  // namespace sapdr
