// repair index|packs|snapshots
#include <CLI/CLI.hpp>
#include <memory>

#include "command_line.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kRepair = {
    "repair", "Make a damaged repository sound again",
    "Makes a sound repository of what is left of a damaged one. Back up first what is still at "
    "hand,\n"
    "then repair in this order and check again:\n"
    "  index      the index says what the packs in storage hold\n"
    "  packs      what is right in damaged packs moves to new ones; the damaged ones are marked\n"
    "             and leave the storage with a later prune\n"
    "  snapshots  damaged snapshots are stored anew without the files and folders of which\n"
    "             something is gone, tagged \"repaired\"\n"
    "All that is lost or left out is named, and ends in exit code 3.",
    "  sapdr repair index\n"
    "  sapdr repair packs\n"
    "  sapdr repair snapshots --dry-run\n"
    "  sapdr repair snapshots --forget\n"};

struct RepairArguments {
  std::string what;
  std::vector<std::string> names;
  Selection selection;
  bool dry_run = false, read_all_packs = false, forget = false;
};

void summarise(const sapdr_repair_index_result& r, Summary& summary) {
  summary.figures.number("packs", r.packs).number("packs_read", r.packs_read);
  summary.figures.number("packs_added", r.packs_added).number("packs_changed", r.packs_changed);
  summary.figures.number("packs_dropped", r.packs_dropped);
  summary.figures.number("index_files_damaged", r.index_files_damaged);
  summary.figures.number("problems", r.problems).seconds("elapsed_seconds", r.elapsed_ns);
  summary.lines = {"the index names " + counted(r.packs, "pack") + ": " +
                   std::to_string(r.packs_added) + " were not in it, " +
                   std::to_string(r.packs_changed) + " had other content, " +
                   std::to_string(r.packs_dropped) + " are missing and left it"};
}

void summarise(const sapdr_repair_packs_result& r, Summary& summary) {
  summary.figures.number("packs_read", r.packs_read).number("bytes_read", r.bytes_read);
  summary.figures.number("packs_damaged", r.packs_damaged);
  summary.figures.number("blobs_saved", r.blobs_saved).number("blobs_lost", r.blobs_lost);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
  summary.lines = {
      "read " + counted(r.packs_read, "pack") + ", " + human_bytes(r.bytes_read) + ": " +
          std::to_string(r.packs_damaged) + " damaged",
      "saved " + counted(r.blobs_saved, "blob") + ", lost " + std::to_string(r.blobs_lost)};
}

void summarise(const sapdr_repair_snapshots_result& r, Summary& summary) {
  summary.figures.number("snapshots", r.snapshots);
  summary.figures.number("snapshots_repaired", r.snapshots_repaired);
  summary.figures.number("snapshots_lost", r.snapshots_lost);
  summary.figures.number("snapshots_removed", r.snapshots_removed);
  summary.figures.number("files_dropped", r.files_dropped);
  summary.figures.number("folders_dropped", r.folders_dropped);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
  summary.lines = {"looked at " + counted(r.snapshots, "snapshot") + ": " +
                       std::to_string(r.snapshots_repaired) + " repaired, " +
                       std::to_string(r.snapshots_lost) + " lost, " +
                       std::to_string(r.snapshots_removed) + " removed",
                   "left out " + counted(r.files_dropped, "file") + " and " +
                       counted(r.folders_dropped, "folder")};
}

// Runs one repair and reports what it did, however it ended.
template <class Result, class Repair>
void run(const RepairArguments& a, Session& session, Repair repair) {
  sapdr_repo* repo = session.open();
  Watch watch(session.console(), session.report(), session.options().json);
  const CStrings names(a.names);
  sapdr_repair_options options;
  SAPDR_INIT(&options);
  options.dry_run = a.dry_run;
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.read_all_packs = a.read_all_packs;
  options.forget = a.forget;
  options.names = names.data();
  options.n_names = names.size();
  Result result;
  SAPDR_INIT(&result);
  auto failure =
      attempt([&](sapdr_error** error) { return repair(&result, repo, &options, error); });
  watch.rethrow();
  session.summary().figures.text("repaired", a.what).flag("dry_run", a.dry_run);
  if (!failure || failure->status() == SAPDR_E_INCOMPLETE) {
    summarise(result, session.summary());
    if (a.dry_run) session.summary().lines.push_back("dry run: nothing was changed");
  }
  if (failure) throw std::move(*failure);
}

void run_repair(const RepairArguments& a, Session& session) {
  if (a.what == "index") {
    if (!a.names.empty()) throw usage_error("repair index is about the whole index; name nothing");
    return run<sapdr_repair_index_result>(a, session, sapdr_repair_index);
  }
  if (a.what == "packs") {
    return run<sapdr_repair_packs_result>(a, session, sapdr_repair_packs);
  }
  if (a.what == "snapshots") {
    const Filter filter(a.selection);
    return run<sapdr_repair_snapshots_result>(
        a, session, [&](auto* result, auto* repo, auto* options, auto** error) {
          return sapdr_repair_snapshots(result, repo, filter.get(), options, error);
        });
  }
  throw usage_error("\"" + a.what + "\" cannot be repaired; give index, packs or snapshots");
}

}  // namespace

void add_repair(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<RepairArguments>();
  RepairArguments& a = *arguments;
  CLI::App& command =
      add_command(app, line, kRepair, [arguments](Session& s) { run_repair(*arguments, s); });
  command.add_option("WHAT", a.what, "index, packs or snapshots")->required();
  add_positionals(command, "ID", a.names, "only these packs or snapshots: ids or prefixes");
  command.add_flag("-n,--dry-run", a.dry_run, "say what would be done, write nothing");
  command.add_flag("--read-all-packs", a.read_all_packs,
                   "index: read the headers of all packs, not only of unknown ones");
  command.add_flag("--forget", a.forget,
                   "snapshots: remove damaged ones once repaired ones are stored");
  a.selection.add_options(command);
}

}  // namespace sapdr::shell
