// copy
#include <CLI/CLI.hpp>
#include <memory>

#include "command_line.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kCopy = {
    "copy", "Copy snapshots from another repository",
    "Copies the named snapshots of the source repository, or without names all that match the\n"
    "options, into the repository of -r. Only what is missing there is copied, every piece of it\n"
    "proven; a snapshot that was copied before is skipped. Damage in the source fails only the\n"
    "snapshots that it reaches. `-v` names each snapshot.",
    "  sapdr copy -r /mnt/copy --from-repo /srv/repo --from-password-file /etc/sapdr.password\n"
    "  sapdr copy -r /mnt/copy --from-repo /srv/repo --host db1 --tag weekly\n"
    "  sapdr copy -r /mnt/copy --from-repo /srv/repo --dry-run -v latest\n"};

struct CopyArguments {
  std::vector<std::string> names;
  RepositoryOptions from;
  Selection selection;
  bool dry_run = false;
};

// Fills in `result` as far as it gets.
std::optional<Failure> copy(const CopyArguments& a, Session& session, sapdr_repo* repo,
                            sapdr_repo* from, sapdr_copy_result& result) {
  const CStrings names(a.names);
  const Filter filter(a.selection);
  Watch watch(session.console(), session.report(), session.options().json);
  sapdr_copy_options options;
  SAPDR_INIT(&options);
  options.dry_run = a.dry_run;
  options.observer = watch.observer();
  options.cancel = session.cancel();
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_copy_run(&result, repo, from, names.data(), names.size(), filter.get(), &options,
                          error);
  });
  watch.rethrow();
  return failure;
}

void summarise(const sapdr_copy_result& r, bool dry_run, Summary& summary) {
  summary.figures.flag("dry_run", dry_run).number("snapshots_copied", r.snapshots_copied);
  summary.figures.number("snapshots_skipped", r.snapshots_skipped);
  summary.figures.number("snapshots_failed", r.snapshots_failed);
  summary.figures.number("data_blobs_new", r.data_blobs_new);
  summary.figures.number("tree_blobs_new", r.tree_blobs_new).number("bytes_new", r.bytes_new);
  summary.figures.number("bytes_stored", r.bytes_stored).number("packs_new", r.packs_new);
  summary.figures.number("bytes_fetched", r.bytes_fetched);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
  const std::string size = human_bytes(r.bytes_new);
  summary.lines = {
      dry_run
          ? "Would add: " + size
          : "Added to the repository: " + size + " (" + human_bytes(r.bytes_stored) + " stored)",
      (dry_run ? "would copy " : "copied ") + counted(r.snapshots_copied, "snapshot") +
          ", skipped " + std::to_string(r.snapshots_skipped) + " that were copied before",
  };
  if (r.snapshots_failed != 0) {
    summary.lines.push_back(counted(r.snapshots_failed, "snapshot") + " could not be copied");
  }
  if (dry_run) summary.lines.emplace_back("dry run: nothing was stored");
}

void run_copy(const CopyArguments& a, Session& session) {
  sapdr_repo* from = session.open_from(a.from);
  sapdr_repo* repo = session.open();
  sapdr_copy_result result;
  SAPDR_INIT(&result);
  auto failure = copy(a, session, repo, from, result);
  summarise(result, a.dry_run, session.summary());
  if (failure) throw std::move(*failure);
}

}  // namespace

void add_copy(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<CopyArguments>();
  CLI::App& command =
      add_command(app, line, kCopy, [arguments](Session& s) { run_copy(*arguments, s); });
  add_positionals(command, "SNAPSHOT", arguments->names, "only these: ids, prefixes or latest");
  command.add_flag("-n,--dry-run", arguments->dry_run, "find out what is missing, store nothing");
  add_from_options(command, arguments->from);
  arguments->selection.add_options(command);
}

}  // namespace sapdr::shell
