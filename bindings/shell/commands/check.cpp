// check, unlock
#include <CLI/CLI.hpp>
#include <memory>
#include <string_view>

#include "command_line.hpp"
#include "parse.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kCheck = {
    "check", "Check that the repository is whole",
    "Checks that everything is there that the snapshots need. With --read-data packs are read, "
    "too,\n"
    "and every MAC, compression and SHA-256 in them is proven. Each damage is named with the\n"
    "snapshots and files that it reaches, and ends in exit code 25.",
    "  sapdr check\n"
    "  sapdr check --read-data\n"
    "  sapdr check --read-data-subset 2/7             the second seventh, say each Tuesday\n"
    "  sapdr check --budget 50G --max-age 30d         a part each night, what waits longest "
    "first\n"};

constexpr CommandText kUnlock = {
    "unlock", "Remove stale locks",
    "Removes locks that are older than 30 minutes or whose process on this host is gone. With\n"
    "--remove-all it removes every lock: only when nothing else uses the repository.",
    "  sapdr unlock\n"
    "  sapdr unlock --remove-all\n"};

struct CheckArguments {
  bool read_data = false;
  std::string subset, budget, max_age;
};

// "50G" or "30m": a number with a unit of time is a time.
void set_budget(const std::string& text, sapdr_check_options& options) {
  if (text.empty()) return;
  if (std::string_view("smhd").find(text.back()) != std::string_view::npos) {
    options.budget_ns = parse_duration("--budget", text);
  } else {
    options.budget_bytes = parse_size("--budget", text);
  }
}

void summarise(const sapdr_check_result& r, bool whole, Summary& summary) {
  summary.figures.flag("whole", whole).number("snapshots", r.snapshots).number("trees", r.trees);
  summary.figures.number("packs", r.packs).number("packs_read", r.packs_read);
  summary.figures.number("bytes_read", r.bytes_read);
  summary.figures.number("packs_unreferenced", r.packs_unreferenced);
  summary.figures.number("problems", r.problems);
  summary.figures.number("snapshots_affected", r.snapshots_affected);
  summary.figures.number("files_affected", r.files_affected);
  summary.figures.number("packs_never_verified", r.packs_never_verified);
  summary.figures.seconds("oldest_unverified_seconds",
                          static_cast<std::uint64_t>(r.oldest_unverified_ns));
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
  summary.lines = {"checked " + counted(r.snapshots, "snapshot") + ", " +
                   counted(r.trees, "folder") + ", " + counted(r.packs, "pack") + " in " +
                   human_duration(r.elapsed_ns)};
  if (r.packs_read != 0) {
    summary.lines.push_back("read " + counted(r.packs_read, "pack") + ", " +
                            human_bytes(r.bytes_read));
  }
  if (r.packs_read != 0 && r.packs_never_verified != 0) {
    summary.lines.push_back(counted(r.packs_never_verified, "pack") + " never verified yet");
  }
  if (r.packs_read != 0) {
    summary.lines.push_back("the oldest data without a check is " +
                            human_duration(static_cast<std::uint64_t>(r.oldest_unverified_ns)) +
                            " old");
  }
  if (r.packs_unreferenced != 0) {
    summary.lines.push_back(counted(r.packs_unreferenced, "pack") +
                            " that no index names: no damage, left to prune");
  }
  summary.lines.push_back(whole ? "no problems were found"
                                : "repository is DAMAGED: " + counted(r.problems, "problem") +
                                      ", " + counted(r.snapshots_affected, "snapshot") + " and " +
                                      counted(r.files_affected, "file") + " affected");
}

void run_check(const CheckArguments& a, Session& session) {
  sapdr_repo* repo = session.open_to_read();
  Watch watch(session.console(), session.report(), session.options().json);
  sapdr_check_options options;
  SAPDR_INIT(&options);
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.read_data = a.read_data;
  options.read_data_subset = a.subset.empty() ? nullptr : a.subset.c_str();
  set_budget(a.budget, options);
  if (!a.max_age.empty()) options.max_age_ns = parse_duration("--max-age", a.max_age);
  sapdr_check_result result;
  SAPDR_INIT(&result);
  auto failure =
      attempt([&](sapdr_error** error) { return sapdr_check_run(&result, repo, &options, error); });
  watch.rethrow();
  const bool checked = !failure || failure->status() == SAPDR_E_CORRUPT;
  if (checked) summarise(result, !failure, session.summary());
  if (failure) throw std::move(*failure);
}

void run_unlock(bool all, Session& session) {
  sapdr_repo* repo = session.open();
  std::uint64_t removed = 0;
  require([&](sapdr_error** error) { return sapdr_repo_unlock(repo, all, &removed, error); });
  session.summary().figures.number("locks_removed", removed);
  session.summary().lines = {"removed " + counted(removed, "lock")};
}

}  // namespace

void add_check(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<CheckArguments>();
  CLI::App& command =
      add_command(app, line, kCheck, [arguments](Session& s) { run_check(*arguments, s); });
  command.add_flag("--read-data", arguments->read_data, "read all packs");
  command
      .add_option("--read-data-subset", arguments->subset,
                  "read some packs: N/T (part N of T), a share (5%) or a size (10G), at random")
      ->type_name("SUBSET");
  command
      .add_option("--budget", arguments->budget,
                  "read so much (50G) or so long (30m), what was verified longest ago first")
      ->type_name("SIZE|TIME");
  command
      .add_option("--max-age", arguments->max_age,
                  "read only what was not verified within this time, as 30d")
      ->type_name("TIME");
}

void add_unlock(CLI::App& app, CommandLine& line) {
  const auto all = std::make_shared<bool>(false);
  CLI::App& command = add_command(app, line, kUnlock, [all](Session& s) { run_unlock(*all, s); });
  command.add_flag("--remove-all", *all, "also locks that may be in use");
}

}  // namespace sapdr::shell
