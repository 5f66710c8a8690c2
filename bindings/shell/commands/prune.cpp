#include "commands/prune.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kPrune = {
    "prune", "Remove data that no snapshot needs any more",
    "Shows what is needed and what is not, then moves what is needed out of packs that hold much\n"
    "that is not, and takes packs that nothing needs out of the index. They leave the storage "
    "with\n"
    "the first prune after a grace period of 24 hours. Backups go on meanwhile, but for a moment\n"
    "at the end. A prune that was interrupted costs nothing: the next one goes on.",
    "  sapdr prune --dry-run                          what would be done\n"
    "  sapdr prune --max-unused 10%\n"
    "  sapdr prune --max-repack-size 50G --retry-lock 1h\n"
    "  sapdr prune --grace 0                          free the space at once\n"};

// Figures of a plan or of a run.
JsonObject figures(const sapdr_prune_stats& s, bool dry_run) {
  JsonObject out;
  out.flag("dry_run", dry_run).number("snapshots", s.snapshots);
  out.number("blobs_used", s.blobs_used).number("bytes_used", s.bytes_used);
  out.number("blobs_unused", s.blobs_unused).number("bytes_unused", s.bytes_unused);
  out.number("blobs_duplicate", s.blobs_duplicate).number("bytes_duplicate", s.bytes_duplicate);
  out.number("packs_total", s.packs_total).number("bytes_total", s.bytes_total);
  out.number("packs_repacked", s.packs_repacked).number("bytes_repacked", s.bytes_repacked);
  out.number("packs_marked", s.packs_marked).number("bytes_marked", s.bytes_marked);
  out.number("packs_waiting", s.packs_waiting).number("bytes_waiting", s.bytes_waiting);
  if (s.due_ns != 0) out.text("due_at", utc_time(s.due_ns));
  out.number("packs_removed", s.packs_removed).number("bytes_removed", s.bytes_removed);
  out.number("bytes_unused_after", s.bytes_unused_after);
  out.seconds("elapsed_seconds", s.elapsed_ns);
  return out;
}

std::vector<std::string> plan_lines(const sapdr_prune_stats& s) {
  const auto packs = [](std::uint64_t n) { return "in " + counted(n, "pack"); };
  const auto blobs = [](std::uint64_t n) { return "in " + counted(n, "blob"); };
  const auto until = [&](std::uint64_t n, const char* how) {
    return n == 0 ? "" : how + local_time(s.due_ns);
  };
  return {
      row("In storage", human_bytes(s.bytes_total), packs(s.packs_total)),
      row("Needed", human_bytes(s.bytes_used),
          blobs(s.blobs_used) + " by " + counted(s.snapshots, "snapshot")),
      row("Unused", human_bytes(s.bytes_unused), blobs(s.blobs_unused)),
      row("Duplicate", human_bytes(s.bytes_duplicate), blobs(s.blobs_duplicate)),
      row("To repack", human_bytes(s.bytes_repacked),
          "moved out of " + counted(s.packs_repacked, "pack")),
      row("To mark", human_bytes(s.bytes_marked),
          packs(s.packs_marked) + until(s.packs_marked, ", which can go after ")),
      row("Waiting", human_bytes(s.bytes_waiting),
          packs(s.packs_waiting) + until(s.packs_waiting, ", at the latest until ")),
      row("To remove", human_bytes(s.bytes_removed), packs(s.packs_removed)),
      row("Stays unused", human_bytes(s.bytes_unused_after), "in packs that are needed"),
  };
}

std::vector<std::string> lines(const sapdr_prune_stats& s) {
  const auto amount = [](std::uint64_t n, std::uint64_t bytes) {
    return counted(n, "pack") + ", " + human_bytes(bytes);
  };
  std::vector<std::string> out;
  if (s.packs_repacked != 0) {
    out.push_back("moved " + human_bytes(s.bytes_repacked) + " out of " +
                  counted(s.packs_repacked, "pack"));
  }
  if (s.packs_marked != 0) out.push_back("marked " + amount(s.packs_marked, s.bytes_marked));
  out.push_back("removed " + amount(s.packs_removed, s.bytes_removed) + ", in " +
                human_duration(s.elapsed_ns));
  if (s.due_ns != 0) {
    out.push_back(amount(s.packs_marked + s.packs_waiting, s.bytes_marked + s.bytes_waiting) +
                  ", will leave the storage with the first prune after " + local_time(s.due_ns) +
                  "; to free the space at once: sapdr prune --grace 0");
  }
  return out;
}

// Prunes that begin at the same moment get in each other's way once.
constexpr int kMaxPlans = 3;

// Whether another prune came between: the next plan sees what it did.
bool is_outdated(const Failure& failure) {
  return failure.status() == SAPDR_E_INVALID_STATE && failure.retryable() == SAPDR_RETRY_YES;
}

}  // namespace

void PruneArguments::add_options(CLI::App& command) {
  constexpr const char* kGroup = "How to prune";
  const auto option = [&](const char* names, std::string& value, const char* type,
                          const char* description) {
    command.add_option(names, value, description)->type_name(type)->group(kGroup);
  };
  option("--max-unused", max_unused, "LIMIT",
         "unused data that may stay: a share (5%, the default), a size (10G) or unlimited");
  option("--max-repack-size", max_repack_size, "SIZE",
         "repack no more than this: 500M, 50G; 0 is nothing");
  command.add_flag("--repack-small", repack_small, "put small packs together as well")
      ->group(kGroup);
  option(
      "--grace", grace, "DURATION",
      "how long packs are only marked before they go: 12h, 2d (default 24h); 0: they go at once");
}

sapdr_prune_options PruneArguments::read() const {
  sapdr_prune_options options;
  SAPDR_INIT(&options);
  options.repack_small = repack_small;
  options.max_unused = max_unused.empty() ? nullptr : max_unused.c_str();
  if (!max_repack_size.empty()) {
    options.max_repack_size = std::max<std::uint64_t>(
        1, parse_size("--max-repack-size", max_repack_size));  // 0 would be no limit
  }
  if (!grace.empty()) {
    options.grace_ns = parse_duration("--grace", grace);
    if (options.grace_ns == 0) options.grace_ns = SAPDR_GRACE_NONE;
  }
  return options;
}

Prune::Prune(const PruneArguments& arguments, Session& session, sapdr_repo* repo,
             std::vector<std::string> forget)
    : arguments_(arguments),
      session_(session),
      repo_(repo),
      forget_(std::move(forget)),
      watch_(session.console(), session.report(), session.options().json) {
  auto failure = failure_of([&] { make_plan(); });
  if (failure && !is_outdated(*failure)) throw std::move(*failure);
}

void Prune::make_plan() {
  const CStrings ids(forget_);
  sapdr_prune_options options = arguments_.read();
  options.observer = watch_.observer();
  options.cancel = session_.cancel();
  options.without_snapshots = ids.data();
  options.n_without_snapshots = ids.size();
  options.forget = 1;
  sapdr_prune_plan* plan = nullptr;
  auto failure = attempt(
      [&](sapdr_error** error) { return sapdr_prune_plan_new(&plan, repo_, &options, error); });
  watch_.rethrow();
  if (failure) throw std::move(*failure);
  plan_.reset(plan);
}

void Prune::run(bool dry_run, Summary& summary) {
  for (int plans = 1;; ++plans) {
    auto failure = failure_of([&] {
      if (!plan_) make_plan();
      run_plan(dry_run, summary);
    });
    if (!failure) return;
    if (!is_outdated(*failure) || plans == kMaxPlans) throw std::move(*failure);
    plan_.reset();
  }
}

void Prune::run_plan(bool dry_run, Summary& summary) {
  sapdr_prune_stats stats;
  SAPDR_INIT(&stats);
  require([&](sapdr_error** error) { return sapdr_prune_plan_stats(plan_.get(), &stats, error); });
  summary = {figures(stats, dry_run), plan_lines(stats)};
  session_.report().plan(summary);
  if (dry_run) {
    summary.lines = {"dry run: nothing was changed"};
    return;
  }
  auto failure = attempt(
      [&](sapdr_error** error) { return sapdr_prune_plan_run(&stats, plan_.get(), error); });
  snapshots_removed_ += stats.snapshots_removed;
  summary = {figures(stats, dry_run), lines(stats)};
  watch_.rethrow();
  if (failure) throw std::move(*failure);
}

void add_prune(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<PruneArguments>();
  const auto dry_run = std::make_shared<bool>(false);
  CLI::App& command = add_command(app, line, kPrune, [arguments, dry_run](Session& s) {
    arguments->read();  // what makes no sense is told before a password is asked for
    Prune(*arguments, s, s.open(), {}).run(*dry_run, s.summary());
  });
  command.add_flag("-n,--dry-run", *dry_run, "show the plan, change nothing");
  arguments->add_options(command);
}

}  // namespace sapdr::shell
