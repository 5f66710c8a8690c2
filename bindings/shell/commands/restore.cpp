// restore, verify
#include <CLI/CLI.hpp>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kRestore = {
    "restore", "Write the files of a snapshot back",
    "Restores a snapshot, a folder of it (ID:/folder) or what the patterns choose, into the "
    "folder\n"
    "--target, or with --in-place where the files came from. Files that are already right are "
    "left\n"
    "alone, so that an interrupted restore goes on where it was. Nothing is written outside the\n"
    "target.",
    "  sapdr restore latest --target /tmp/restored --verify\n"
    "  sapdr restore 1234abcd:/srv/models --target /srv/models --include '*.safetensors'\n"
    "  sapdr restore latest --in-place --overwrite if-newer --dry-run -v\n"
    "  sapdr restore latest --target /srv/back --warm-up-wait 15h\n"};

constexpr CommandText kVerify = {
    "verify", "Compare local files with a snapshot",
    "Reads local files and compares them with a snapshot, without restoring anything. What is\n"
    "missing or differs is named and ends in exit code 26. Without --target the files are looked\n"
    "for where they came from.",
    "  sapdr verify latest\n"
    "  sapdr verify latest:/srv/models --target /mnt/models\n"
    "  sapdr verify 1234abcd --strict --include '*.safetensors'\n"};

struct RestoreArguments {
  std::string snapshot, target;
  std::string overwrite = "if-changed";
  std::vector<std::string> includes, excludes;
  Selection selection;
  bool in_place = false, dry_run = false, verify = false, no_owner = false;
  bool sparse = false, no_sparse = false, remove_extra = false;
  bool warm_up = false;
  std::string warm_up_wait;
};

void check_where(const RestoreArguments& a) {
  if (a.target.empty() != a.in_place) {
    throw usage_error(a.in_place ? "--target and --in-place exclude each other"
                                 : "where to restore was not said")
        .hinted("give --target FOLDER, or --in-place to write where the files came from");
  }
}

// Figures of a plan or of a run.
JsonObject figures(const sapdr_restore_stats& s) {
  JsonObject out;
  out.number("dirs", s.dirs).number("files", s.files).number("others", s.others);
  out.number("files_unchanged", s.files_unchanged).number("files_skipped", s.files_skipped);
  out.number("items_failed", s.items_failed).number("items_removed", s.items_removed);
  out.number("bytes", s.bytes);
  out.number("bytes_fetched", s.bytes_fetched).number("packs", s.packs);
  out.number("bytes_verified", s.bytes_verified).seconds("elapsed_seconds", s.elapsed_ns);
  return out;
}

std::string what(const sapdr_restore_stats& s) {
  std::string out = counted(s.files, "file") + ", " + counted(s.dirs, "folder");
  if (s.others != 0) out += ", " + counted(s.others, "other item");
  return out + ", " + human_bytes(s.bytes);
}

std::vector<std::string> lines(const sapdr_restore_stats& s, const std::string& snapshot,
                               const std::string& target, const RestoreArguments& a) {
  std::vector<std::string> out;
  if (s.files_unchanged != 0) out.push_back("already right: " + counted(s.files_unchanged, "file"));
  if (s.files_skipped != 0) {
    out.push_back("left alone (--overwrite " + a.overwrite +
                  "): " + counted(s.files_skipped, "file"));
  }
  if (a.dry_run) {
    out.push_back("would restore " + what(s));
    out.push_back("dry run: nothing was written to " + shown(target));
    return out;
  }
  out.push_back("restored " + what(s) + " in " + human_duration(s.elapsed_ns));
  std::string state = "snapshot " + short_id(snapshot) + " restored to " + shown(target);
  if (s.items_failed != 0) state += ", incomplete: " + counted(s.items_failed, "item") + " failed";
  if (s.bytes_verified != 0) out.push_back("read again: " + human_bytes(s.bytes_verified));
  out.push_back(state);
  return out;
}

// The plan of a restore and all that it needs.
RestorePlan plan_restore(const RestoreArguments& a, Session& session, sapdr_repo* repo,
                         const Watch& watch) {
  const Filter filter(a.selection);
  const CStrings includes(a.includes);
  const CStrings excludes(a.excludes);
  sapdr_restore_options options;
  SAPDR_INIT(&options);
  options.overwrite = parse_choice("--overwrite", a.overwrite,
                                   {{"always", SAPDR_OVERWRITE_ALWAYS},
                                    {"if-changed", SAPDR_OVERWRITE_IF_CHANGED},
                                    {"if-newer", SAPDR_OVERWRITE_IF_NEWER},
                                    {"never", SAPDR_OVERWRITE_NEVER}});
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.includes = includes.data();
  options.n_includes = includes.size();
  options.excludes = excludes.data();
  options.n_excludes = excludes.size();
  options.verify = a.verify;
  options.no_owner = a.no_owner;
  options.no_sparse = a.no_sparse;
  options.remove_extra = a.remove_extra;
  sapdr_restore_plan* plan = nullptr;
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_restore_plan_new(&plan, repo, a.snapshot.c_str(), filter.get(),
                                  a.in_place ? nullptr : a.target.c_str(), &options, error);
  });
  watch.rethrow();
  if (failure) throw std::move(*failure);
  return RestorePlan(plan);
}

// Asks for the packs that cannot be read, and waits for them if that is wanted. A restore that
// lacks some is not begun.
void warm_up(const RestoreArguments& a, Session& session, const Watch& watch,
             sapdr_restore_plan* plan) {
  sapdr_warm_up_options options;
  SAPDR_INIT(&options);
  if (!a.warm_up_wait.empty()) {
    options.wait_ns = parse_duration("--warm-up-wait", a.warm_up_wait);
  }
  sapdr_warm_up_result result;
  SAPDR_INIT(&result);
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_restore_plan_warm_up(&result, plan, &options, error);
  });
  Summary& summary = session.summary();
  summary.figures.number("packs_asked_for", result.asked).number("packs_waiting", result.waiting);
  summary.lines.push_back("asked for " + counted(result.asked, "pack") + " in the archive, " +
                          counted(result.waiting, "pack") + " of " + std::to_string(result.packs) +
                          " cannot be read yet");
  watch.rethrow();
  if (failure) throw std::move(*failure);
  if (result.waiting == 0 || a.dry_run) return;
  throw Failure(SAPDR_E_INVALID_STATE, counted(result.waiting, "pack") +
                                           " of this restore cannot be read yet; nothing was "
                                           "restored")
      .hinted("run it again in some hours, or let it wait: --warm-up-wait 15h");
}

void run_restore(const RestoreArguments& a, Session& session) {
  check_where(a);
  sapdr_repo* repo = session.open_to_read();
  Watch watch(session.console(), session.report(), session.options().json);
  // A plan tells what will be restored and the run what was: once is enough.
  if (!a.dry_run) watch.hide(SAPDR_ITEM_RESTORED);
  const RestorePlan plan = plan_restore(a, session, repo, watch);
  watch.hide(0);
  if (a.warm_up || !a.warm_up_wait.empty()) warm_up(a, session, watch, plan.get());
  sapdr_restore_stats stats;
  SAPDR_INIT(&stats);
  std::optional<Failure> failure = attempt([&](sapdr_error** error) {
    return a.dry_run ? sapdr_restore_plan_stats(plan.get(), &stats, error)
                     : sapdr_restore_plan_run(&stats, plan.get(), error);
  });
  const std::string snapshot = sapdr_snapshot_hex(sapdr_restore_plan_snapshot(plan.get()));
  const std::string target = sapdr_restore_plan_target(plan.get());
  session.summary().figures.text("snapshot_id", snapshot).bytes("target", target);
  session.summary().figures.flag("dry_run", a.dry_run).append(figures(stats));
  for (std::string& line : lines(stats, snapshot, target, a)) {
    session.summary().lines.push_back(std::move(line));
  }
  watch.rethrow();
  if (failure) throw std::move(*failure);
}

struct VerifyArguments {
  std::string snapshot, target;
  std::vector<std::string> includes, excludes;
  Selection selection;
  bool strict = false;
};

void summarise(const sapdr_verify_result& r, bool matches, Summary& summary) {
  summary.figures.flag("matches", matches).number("files", r.files).number("bytes", r.bytes);
  summary.figures.number("matching", r.matching).number("missing", r.missing);
  summary.figures.number("differing", r.differing).number("metadata", r.metadata);
  summary.figures.number("extra", r.extra).number("failed", r.failed);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
  summary.lines = {
      "compared " + counted(r.files, "file") + ", " + human_bytes(r.bytes) + " in " +
          human_duration(r.elapsed_ns),
      std::to_string(r.matching) + " as in the snapshot, " + std::to_string(r.missing) +
          " missing, " + std::to_string(r.differing) + " different, " + std::to_string(r.metadata) +
          " with other metadata, " + std::to_string(r.extra) + " extra, " +
          std::to_string(r.failed) + " unreadable",
      matches ? "the files are as in the snapshot" : "the files are NOT as in the snapshot",
  };
}

void run_verify(const VerifyArguments& a, Session& session) {
  sapdr_repo* repo = session.open_to_read();
  const Filter filter(a.selection);
  Watch watch(session.console(), session.report(), session.options().json);
  const CStrings includes(a.includes);
  const CStrings excludes(a.excludes);
  sapdr_verify_options options;
  SAPDR_INIT(&options);
  options.strict = a.strict;
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.includes = includes.data();
  options.n_includes = includes.size();
  options.excludes = excludes.data();
  options.n_excludes = excludes.size();
  sapdr_verify_result result;
  SAPDR_INIT(&result);
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_verify_run(&result, repo, a.snapshot.c_str(), filter.get(),
                            a.target.empty() ? nullptr : a.target.c_str(), &options, error);
  });
  watch.rethrow();
  const bool compared =
      !failure || failure->status() == SAPDR_E_CHECKSUM || failure->status() == SAPDR_E_INCOMPLETE;
  if (compared) summarise(result, !failure, session.summary());
  if (failure) throw std::move(*failure);
}

void add_patterns(CLI::App& command, std::vector<std::string>& includes,
                  std::vector<std::string>& excludes) {
  constexpr const char* kGroup = "Which files";
  add_list(command, "-i,--include", includes, "PATTERN", "only what matches (can be repeated)")
      ->group(kGroup);
  add_list(command, "-e,--exclude", excludes, "PATTERN", "not what matches (can be repeated)")
      ->group(kGroup);
}

constexpr const char* kSnapshotHelp = "an id, a prefix, latest, or one with :/FOLDER";

}  // namespace

void add_restore(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<RestoreArguments>();
  RestoreArguments& a = *arguments;
  CLI::App& command =
      add_command(app, line, kRestore, [arguments](Session& s) { run_restore(*arguments, s); });
  command.add_option("SNAPSHOT", a.snapshot, kSnapshotHelp)->required();
  constexpr const char* kGroup = "Where and how";
  command.add_option("-t,--target", a.target, "restore into this folder")
      ->type_name("FOLDER")
      ->group(kGroup);
  command.add_flag("--in-place", a.in_place, "restore to where the files came from")->group(kGroup);
  command
      .add_option("--overwrite", a.overwrite,
                  "existing files: always, if-changed (default), if-newer or never")
      ->type_name("WHEN")
      ->group(kGroup);
  command.add_flag("-n,--dry-run", a.dry_run, "say what would be done, write nothing")
      ->group(kGroup);
  command
      .add_flag("--delete", a.remove_extra,
                "remove what is in the target and not in the snapshot, once all else is restored")
      ->group(kGroup);
  command.add_flag("--verify", a.verify, "read every restored file again and compare")
      ->group(kGroup);
  command.add_flag("--no-owner", a.no_owner, "do not set owners")->group(kGroup);
  CLI::Option* sparse =
      command.add_flag("--sparse", a.sparse, "write runs of zeros as holes (the default)");
  sparse->group(kGroup);
  command.add_flag("--no-sparse", a.no_sparse, "write them as zeros")
      ->excludes(sparse)
      ->group(kGroup);
  command
      .add_flag("--warm-up", a.warm_up,
                "ask the storage for packs in the archive; restore only if all can be read")
      ->group(kGroup);
  command
      .add_option(
          "--warm-up-wait", a.warm_up_wait,
          "the same, and wait so long for them: 15h (the restore begins when all are there)")
      ->type_name("DURATION")
      ->group(kGroup);
  add_patterns(command, a.includes, a.excludes);
  a.selection.add_options(command);
}

void add_verify(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<VerifyArguments>();
  VerifyArguments& a = *arguments;
  CLI::App& command =
      add_command(app, line, kVerify, [arguments](Session& s) { run_verify(*arguments, s); });
  command.add_option("SNAPSHOT", a.snapshot, kSnapshotHelp)->required();
  command.add_option("-t,--target", a.target, "compare this folder")->type_name("FOLDER");
  command.add_flag("--strict", a.strict, "other metadata and extra files count as well");
  add_patterns(command, a.includes, a.excludes);
  a.selection.add_options(command);
}

}  // namespace sapdr::shell
