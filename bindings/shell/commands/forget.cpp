// forget
#include <sapdr/forget.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>

#include "command_line.hpp"
#include "commands/prune.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kForget = {
    "forget", "Remove snapshots, by a policy or by name",
    "Keeps the snapshots that at least one rule keeps and removes the others, after it has shown\n"
    "which. The rules hold for each host and set of paths apart. What only the removed snapshots\n"
    "needed stays in storage until a prune.",
    "  sapdr forget --dry-run --keep-daily 7 --keep-weekly 5 --keep-monthly 12\n"
    "  sapdr forget --keep-within 30d --keep-tag release --prune\n"
    "  sapdr forget --host db1 --group-by tags --keep-last 3\n"
    "  sapdr forget 1234abcd 5678cdef                 just these\n"};

struct ForgetArguments {
  std::vector<std::string> snapshots, keep_tags;
  std::string last, hourly, daily, weekly, monthly, yearly;
  std::string within, within_hourly, within_daily, within_weekly, within_monthly, within_yearly;
  std::string group_by = "host,paths";
  Selection selection;
  PruneArguments prune_arguments;
  bool dry_run = false, prune = false, allow_remove_all = false;
};

std::uint32_t parse_count(const char* option, const std::string& value) {
  if (value == "unlimited") return SAPDR_KEEP_UNLIMITED;
  std::uint32_t count = 0;
  const char* end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, count);
  if (!value.empty() && (error != std::errc() || at != end)) {
    throw usage_error(std::string(option) + ": \"" + shown(value) +
                      "\" is neither a number nor unlimited");
  }
  return count;
}

std::uint32_t parse_group_by(const std::string& value) {
  std::uint32_t bits = 0;
  for (const std::string& name : split_commas({value})) {
    if (name == "host" || name == "hosts") {
      bits |= SAPDR_GROUP_BY_HOST;
    } else if (name == "path" || name == "paths") {
      bits |= SAPDR_GROUP_BY_PATHS;
    } else if (name == "tag" || name == "tags") {
      bits |= SAPDR_GROUP_BY_TAGS;
    } else if (!name.empty()) {
      throw usage_error("--group-by: \"" + shown(name) + "\" is not host, paths or tags");
    }
  }
  if (bits == 0) bits = SAPDR_GROUP_BY_NOTHING;
  return bits;
}

const char* if_given(const std::string& value) {
  return value.empty() ? nullptr : value.c_str();
}

// All but observer, cancel and lists. Strings are borrowed from the arguments.
sapdr_forget_options read_options(const ForgetArguments& a) {
  sapdr_forget_options options;
  SAPDR_INIT(&options);
  options.group_by = parse_group_by(a.group_by);
  options.keep_last = parse_count("--keep-last", a.last);
  options.keep_hourly = parse_count("--keep-hourly", a.hourly);
  options.keep_daily = parse_count("--keep-daily", a.daily);
  options.keep_weekly = parse_count("--keep-weekly", a.weekly);
  options.keep_monthly = parse_count("--keep-monthly", a.monthly);
  options.keep_yearly = parse_count("--keep-yearly", a.yearly);
  options.keep_within = if_given(a.within);
  options.keep_within_hourly = if_given(a.within_hourly);
  options.keep_within_daily = if_given(a.within_daily);
  options.keep_within_weekly = if_given(a.within_weekly);
  options.keep_within_monthly = if_given(a.within_monthly);
  options.keep_within_yearly = if_given(a.within_yearly);
  options.allow_remove_all = a.allow_remove_all;
  return options;
}

ForgetPlan make_plan(const ForgetArguments& a, sapdr_forget_options options, Session& session,
                     sapdr_repo* repo, const Watch& watch) {
  const Filter filter(a.selection);
  const CStrings keep_tags(a.keep_tags);
  const CStrings snapshots(a.snapshots);
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.keep_tags = keep_tags.data();
  options.n_keep_tags = keep_tags.size();
  options.snapshots = snapshots.data();
  options.n_snapshots = snapshots.size();
  sapdr_forget_plan* plan = nullptr;
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_forget_plan_new(&plan, repo, filter.get(), &options, error);
  });
  if (failure && failure->status() == SAPDR_E_INVALID_ARGUMENT) {
    throw std::move(*failure).hinted("see `sapdr forget --help`");
  }
  if (failure) throw std::move(*failure);
  return ForgetPlan(plan);
}

std::vector<std::string> split_reasons(std::string_view reasons) {
  static constexpr std::string_view kBetween = ", ";
  std::vector<std::string> out;
  while (!reasons.empty()) {
    const std::size_t end = std::min(reasons.find(kBetween), reasons.size());
    out.emplace_back(reasons.substr(0, end));
    reasons.remove_prefix(std::min(end + kBetween.size(), reasons.size()));
  }
  return out;
}

// Group by group.
std::vector<std::vector<Decision>> decisions_of(const sapdr_forget_plan* plan) {
  std::vector<std::vector<Decision>> groups;
  for (std::size_t i = 0; i < sapdr_forget_plan_size(plan); ++i) {
    sapdr_forget_decision told;
    SAPDR_INIT(&told);
    require([&](sapdr_error** error) { return sapdr_forget_plan_at(plan, i, &told, error); });
    groups.resize(std::max(groups.size(), told.group + 1));
    groups[told.group].push_back(
        {told.snapshot, told.keep != 0, told.group, split_reasons(told.reasons)});
  }
  return groups;
}

std::string listed(const char* one, std::size_t n, const sapdr_snapshot* snapshot,
                   const char* (*at)(const sapdr_snapshot*, std::size_t)) {
  std::string out = std::string(n == 0 ? "no " : "") + one + (n == 1 ? "" : "s");
  for (std::size_t i = 0; i < n; ++i) out += (i == 0 ? " " : ", ") + shown(at(snapshot, i));
  return out;
}

// What all snapshots of the group of this one have in common.
std::string title_of(const sapdr_snapshot* snapshot, std::uint32_t group_by) {
  if (group_by == SAPDR_GROUP_BY_NOTHING) return "all snapshots";
  std::string out;
  const auto append = [&](const std::string& part) { out += (out.empty() ? "" : "; ") + part; };
  if (group_by & SAPDR_GROUP_BY_HOST) append("host " + shown(sapdr_snapshot_host(snapshot)));
  if (group_by & SAPDR_GROUP_BY_PATHS) {
    append(listed("path", sapdr_snapshot_n_paths(snapshot), snapshot, sapdr_snapshot_path));
  }
  if (group_by & SAPDR_GROUP_BY_TAGS) {
    append(listed("tag", sapdr_snapshot_n_tags(snapshot), snapshot, sapdr_snapshot_tag));
  }
  return out;
}

// Shows the plan; the ids of the snapshots that go.
std::vector<std::string> show(const sapdr_forget_plan* plan, const ForgetArguments& a,
                              std::uint32_t group_by, Session& session) {
  std::vector<std::string> going;
  std::uint64_t kept = 0;
  for (const std::vector<Decision>& group : decisions_of(plan)) {
    const std::string title = a.snapshots.empty() ? title_of(group.front().snapshot, group_by) : "";
    session.report().decisions(title, group);
    for (const Decision& decision : group) {
      if (decision.keep) {
        ++kept;
      } else {
        going.emplace_back(sapdr_snapshot_hex(decision.snapshot));
      }
    }
  }
  session.summary().figures.flag("dry_run", a.dry_run).number("snapshots_kept", kept);
  return going;
}

void tell_removed(std::uint64_t removed, bool dry_run, Summary& summary) {
  summary.figures.number("snapshots_removed", removed);
  summary.lines.push_back((dry_run ? "dry run: would remove " : "removed ") +
                          counted(removed, "snapshot"));
}

void run_plan(sapdr_forget_plan* plan, const Watch& watch, std::uint64_t& removed) {
  auto failure =
      attempt([&](sapdr_error** error) { return sapdr_forget_plan_run(&removed, plan, error); });
  watch.rethrow();
  if (failure) throw std::move(*failure);
}

void forget_only(sapdr_forget_plan* plan, const Watch& watch, Summary& summary) {
  std::uint64_t removed = 0;
  auto failure = failure_of([&] { run_plan(plan, watch, removed); });
  tell_removed(removed, false, summary);
  if (removed != 0) {
    summary.lines.push_back(
        "what only they needed stays in storage until it is pruned: sapdr prune");
  }
  if (failure) throw std::move(*failure);
}

// The prune forgets them, as soon as it is alone. If it does not come to that, what is to be
// forgotten is forgotten nevertheless.
void forget_and_prune(const ForgetArguments& a, ForgetPlan plan,
                      const std::vector<std::string>& going, sapdr_repo* repo, const Watch& watch,
                      Session& session) {
  Summary pruned;
  std::uint64_t removed = a.dry_run ? going.size() : 0;
  auto failure = failure_of([&] {
    Prune prune(a.prune_arguments, session, repo, going);
    plan.reset();  // its lock would keep the prune from being alone
    auto why = failure_of([&] { prune.run(a.dry_run, pruned); });
    if (!a.dry_run) removed = prune.snapshots_removed();
    if (why) throw std::move(*why);
  });
  if (failure && removed == 0 && !going.empty()) {
    ForgetArguments named;
    named.snapshots = going;
    // Why there is no prune says more than why this fails.
    static_cast<void>(failure_of([&] {
      if (!plan) plan = make_plan(named, read_options(named), session, repo, watch);
      run_plan(plan.get(), watch, removed);
    }));
  }
  Summary& summary = session.summary();
  tell_removed(removed, a.dry_run, summary);
  summary.figures.object("prune", pruned.figures);
  summary.lines.insert(summary.lines.end(), pruned.lines.begin(), pruned.lines.end());
  if (failure) throw std::move(*failure);
}

void run_forget(const ForgetArguments& a, Session& session) {
  const sapdr_forget_options options = read_options(a);
  a.prune_arguments.read();
  sapdr_repo* repo = session.open();
  Watch watch(session.console(), session.report(), session.options().json);
  ForgetPlan plan = make_plan(a, options, session, repo, watch);
  const std::vector<std::string> going = show(plan.get(), a, options.group_by, session);
  if (a.prune) {
    forget_and_prune(a, std::move(plan), going, repo, watch, session);
  } else if (a.dry_run) {
    tell_removed(going.size(), true, session.summary());
  } else {
    forget_only(plan.get(), watch, session.summary());
  }
}

void add_rules(CLI::App& command, ForgetArguments& a) {
  constexpr const char* kGroup = "What to keep";
  const auto count = [&](const char* names, std::string& value, const char* what) {
    command.add_option(names, value, std::string("the last N ") + what)
        ->type_name("N")
        ->group(kGroup);
  };
  const auto within = [&](const char* name, std::string& value, const char* what) {
    command.add_option(name, value, std::string(what) + " in this time before the latest snapshot")
        ->type_name("SPAN")
        ->group(kGroup);
  };
  count("-l,--keep-last", a.last, "snapshots (unlimited: all)");
  count("-H,--keep-hourly", a.hourly, "hours with a snapshot, the last one of each");
  count("-d,--keep-daily", a.daily, "days, the same way");
  count("-w,--keep-weekly", a.weekly, "weeks");
  count("-m,--keep-monthly", a.monthly, "months");
  count("-y,--keep-yearly", a.yearly, "years");
  within("--keep-within", a.within, "all (1y5m7d2h)");
  within("--keep-within-hourly", a.within_hourly, "one of each hour");
  within("--keep-within-daily", a.within_daily, "one of each day");
  within("--keep-within-weekly", a.within_weekly, "one of each week");
  within("--keep-within-monthly", a.within_monthly, "one of each month");
  within("--keep-within-yearly", a.within_yearly, "one of each year");
  add_list(command, "--keep-tag", a.keep_tags, "TAG[,TAG...]",
           "with all of these tags (can be repeated: any list)")
      ->group(kGroup);
  command
      .add_option("-g,--group-by", a.group_by,
                  "apply the rules to each host, paths, tags apart (default host,paths; \"\": to "
                  "all together)")
      ->type_name("LIST")
      ->group(kGroup);
  command.add_flag("--unsafe-allow-remove-all", a.allow_remove_all, "remove the last ones as well")
      ->group(kGroup);
}

}  // namespace

void add_forget(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<ForgetArguments>();
  ForgetArguments& a = *arguments;
  CLI::App& command =
      add_command(app, line, kForget, [arguments](Session& s) { run_forget(*arguments, s); });
  add_positionals(command, "SNAPSHOT", a.snapshots, "remove just these: ids, prefixes or latest");
  command.add_flag("-n,--dry-run", a.dry_run, "show the plan, remove nothing");
  command.add_flag("--prune", a.prune, "then remove data that is no longer needed");
  add_rules(command, a);
  a.selection.add_options(command, "--host");
  a.prune_arguments.add_options(command);
}

}  // namespace sapdr::shell
