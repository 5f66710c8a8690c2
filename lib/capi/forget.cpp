#include "operation/forget.hpp"

#include <sapdr/forget.h>

#include <utility>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;
using core::Code;
using core::Error;

// Holds its lock until it is freed.
struct sapdr_forget_plan {
  struct Decision {
    sapdr_snapshot snapshot;
    size_t group;
    std::string reasons;
  };

  sapdr_forget_plan(const core::RepositoryPtr& repository, const core::SnapshotFilter& filter,
                    const core::ForgetOptions& options, const sapdr_observer& callbacks,
                    const sapdr_cancel* stop, core::Progress& progress)
      : session(repository, capi::Index::none, progress, core::LockMode::shared,
                core::Settle::before_changes),
        decisions(core::plan_forget(*repository, filter, options)),
        observer(callbacks),
        cancel(stop) {
    const core::VerifiedTimes verified = core::load_verified(*repository);
    for (const core::ForgetDecision& decision : decisions) {
      std::string reasons;
      for (const std::string& reason : decision.reasons) {
        reasons.append(reasons.empty() ? "" : ", ").append(reason);
      }
      told.push_back({{decision.snapshot, verified}, decision.group, std::move(reasons)});
    }
  }

  capi::Session session;
  std::vector<core::ForgetDecision> decisions;
  std::vector<Decision> told;
  sapdr_observer observer;
  const sapdr_cancel* cancel;
  bool has_run = false;
};

namespace {

core::CalendarSpan read_span(const char* text, const char* name) {
  const std::string given = capi::optional_text(text, name);
  return given.empty() ? core::CalendarSpan{} : core::CalendarSpan::parse(given);
}

core::RetentionPolicy read_policy(const sapdr_forget_options& given) {
  core::RetentionPolicy policy;
  const uint32_t counts[] = {given.keep_last,   given.keep_hourly,  given.keep_daily,
                             given.keep_weekly, given.keep_monthly, given.keep_yearly};
  std::ranges::copy(counts, policy.keep);
  policy.within = read_span(given.keep_within, "keep_within");
  const std::pair<const char*, const char*> spans[] = {
      {given.keep_within_hourly, "keep_within_hourly"},
      {given.keep_within_daily, "keep_within_daily"},
      {given.keep_within_weekly, "keep_within_weekly"},
      {given.keep_within_monthly, "keep_within_monthly"},
      {given.keep_within_yearly, "keep_within_yearly"}};
  for (size_t i = 1; i < core::n_periods; ++i) {
    policy.within_period[i] = read_span(spans[i - 1].first, spans[i - 1].second);
  }
  policy.tags = capi::read_tag_lists(given.keep_tags, given.n_keep_tags, "keep_tags");
  return policy;
}

core::ForgetOptions read_forget(const sapdr_forget_options& given) {
  capi::require_unused(given.reserved);
  core::ForgetOptions options;
  options.policy = read_policy(given);
  options.names = capi::read_strings(given.snapshots, given.n_snapshots, "snapshots");
  options.allow_remove_all = given.allow_remove_all != 0;
  const uint32_t by = given.group_by;
  if (by > SAPDR_GROUP_BY_NOTHING) {
    throw Error(Code::invalid_argument, "group_by is " + std::to_string(by) +
                                            "; use the SAPDR_GROUP_BY_* bits, " +
                                            "SAPDR_GROUP_BY_NOTHING alone");
  }
  if (by != 0) {
    options.group_by = {.host = (by & SAPDR_GROUP_BY_HOST) != 0,
                        .paths = (by & SAPDR_GROUP_BY_PATHS) != 0,
                        .tags = (by & SAPDR_GROUP_BY_TAGS) != 0};
  }
  if (!options.names.empty() && !options.policy.is_empty()) {
    throw Error(Code::invalid_argument,
                "snapshots are named and there is a policy; forget by the one or by the other");
  }
  return options;
}

// The plan, if it can be used in this process.
template <class Plan>
Plan& use(Plan* plan) {
  capi::require(plan, "plan").session.repository().context().check_process();
  return *plan;
}

}  // namespace

sapdr_status sapdr_forget_plan_new(sapdr_forget_plan** out, sapdr_repo* repo,
                                   const sapdr_snapshot_filter* filter,
                                   const sapdr_forget_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const core::SnapshotFilter wanted = capi::read_filter(filter);
    const sapdr_forget_options given = capi::read_options(options, "options");
    const sapdr_observer observer = capi::read_options(given.observer, "observer");
    const core::ForgetOptions read = read_forget(given);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress(nullptr, given.cancel);
      return std::make_unique<sapdr_forget_plan>(repository, wanted, read, observer, given.cancel,
                                                 progress);
    });
  });
}

size_t sapdr_forget_plan_size(const sapdr_forget_plan* plan) {
  return plan == nullptr ? 0 : plan->told.size();
}

sapdr_status sapdr_forget_plan_at(const sapdr_forget_plan* plan, size_t at,
                                  sapdr_forget_decision* decision, sapdr_error** err) {
  return capi::guard(err, [&] {
    const capi::Result<sapdr_forget_decision> told(&capi::require(decision, "decision"));
    const auto& all = use(plan).told;
    if (at >= all.size()) {
      throw Error(Code::invalid_argument, "the plan has " + std::to_string(all.size()) +
                                              " snapshots; " + std::to_string(at) +
                                              " is past its end");
    }
    sapdr_forget_decision value{};
    value.keep = all[at].reasons.empty() ? 0 : 1;
    value.snapshot = &all[at].snapshot;
    value.group = all[at].group;
    value.reasons = all[at].reasons.c_str();
    told.write(value);
  });
}

sapdr_status sapdr_forget_plan_run(uint64_t* removed, sapdr_forget_plan* plan, sapdr_error** err) {
  return capi::guard(err, [&] {
    std::atomic<uint64_t> done = 0;
    const capi::AtEnd tell([&] {
      if (removed != nullptr) *removed = done;
    });
    sapdr_forget_plan& once = use(plan);
    if (std::exchange(once.has_run, true)) {
      throw Error(Code::invalid_state, "this forget plan was run already; make a new plan");
    }
    capi::at_pace(once.session.repository().context(), [&] {
      capi::RunProgress progress(&once.observer, once.cancel);
      core::run_forget(once.session.repository(), once.session.lock(), once.decisions, done,
                       progress);
    });
  });
}

void sapdr_forget_plan_free(sapdr_forget_plan* plan) {
  if (plan != nullptr && !capi::is_forked(plan->session.repository().context())) delete plan;
}
