// diff
#include <CLI/CLI.hpp>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "command_line.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kDiff = {
    "diff", "Show what changed from one snapshot to another",
    "Prints a line for each difference, with the letters of restic:\n"
    "  +  it was added                  U  its metadata changed (with --metadata)\n"
    "  -  it was removed                T  its type changed: a file became a link\n"
    "  M  the content of a file changed\n"
    "Then it counts, also the blobs that only one of the snapshots needs. A folder that cannot be\n"
    "read is named, and ends in exit code 3.",
    "  sapdr diff 1234abcd latest\n"
    "  sapdr diff --metadata 1234abcd latest\n"
    "  sapdr diff 1234abcd:/srv/models latest:/srv/models\n"};

struct DiffArguments {
  std::string before;
  std::string after;
  Selection selection;
  bool metadata = false;
};

// What the callback needs.
struct Told {
  Report& report;
  Parked parked;
};

std::int32_t on_difference(void* user, const sapdr_difference* difference) {
  auto& told = *static_cast<Told*>(user);
  return told.parked.run([&] { told.report.difference(*difference); }) ? 0 : 1;
}

// "Files:           1 new,     2 removed", as restic prints it.
std::string counts(const std::string& title, std::uint64_t added, std::uint64_t removed) {
  char text[96];
  std::snprintf(text, sizeof text, "%-12s %5" PRIu64 " new, %5" PRIu64 " removed", title.c_str(),
                added, removed);
  return text;
}

void summarise(const sapdr_diff_result& r, Summary& summary) {
  summary.figures.text("before_id", hex(r.before_id)).text("after_id", hex(r.after_id));
  summary.figures.number("files_new", r.files_new).number("files_removed", r.files_removed);
  summary.figures.number("files_changed", r.files_changed);
  summary.figures.number("dirs_new", r.dirs_new).number("dirs_removed", r.dirs_removed);
  summary.figures.number("others_new", r.others_new).number("others_removed", r.others_removed);
  summary.figures.number("data_blobs_new", r.data_blobs_new);
  summary.figures.number("data_blobs_removed", r.data_blobs_removed);
  summary.figures.number("tree_blobs_new", r.tree_blobs_new);
  summary.figures.number("tree_blobs_removed", r.tree_blobs_removed);
  summary.figures.number("bytes_new", r.bytes_new).number("bytes_removed", r.bytes_removed);
  summary.figures.number("failed", r.failed).seconds("elapsed_seconds", r.elapsed_ns);
  char changed[40];
  std::snprintf(changed, sizeof changed, ", %5" PRIu64 " changed", r.files_changed);
  summary.lines = {"",
                   counts("Files:", r.files_new, r.files_removed) + changed,
                   counts("Dirs:", r.dirs_new, r.dirs_removed),
                   counts("Others:", r.others_new, r.others_removed),
                   counts("Data Blobs:", r.data_blobs_new, r.data_blobs_removed),
                   counts("Tree Blobs:", r.tree_blobs_new, r.tree_blobs_removed),
                   "  Added:   " + human_bytes(r.bytes_new),
                   "  Removed: " + human_bytes(r.bytes_removed)};
}

void run_diff(const DiffArguments& a, Session& session) {
  sapdr_repo* repo = session.open_to_read();
  const Filter filter(a.selection);
  Watch watch(session.console(), session.report(), session.options().json);
  sapdr_diff_options options;
  SAPDR_INIT(&options);
  options.metadata = a.metadata;
  // Nobody would see the figures, and without them unchanged folders are not read.
  options.no_blobs = session.options().quiet && !session.options().json;
  options.observer = watch.observer();
  options.cancel = session.cancel();
  sapdr_diff_result result;
  SAPDR_INIT(&result);
  Told told{session.report(), {}};
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_diff_run(&result, repo, a.before.c_str(), a.after.c_str(), filter.get(),
                          on_difference, &told, &options, error);
  });
  watch.rethrow();
  told.parked.rethrow();
  const bool compared = !failure || failure->status() == SAPDR_E_INCOMPLETE;
  if (compared) summarise(result, session.summary());
  if (failure) throw std::move(*failure);
}

}  // namespace

void add_diff(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<DiffArguments>();
  CLI::App& command =
      add_command(app, line, kDiff, [arguments](Session& s) { run_diff(*arguments, s); });
  static constexpr const char* kName = "an id, a prefix, latest, or one with :/FOLDER";
  command.add_option("BEFORE", arguments->before, kName)->required();
  command.add_option("AFTER", arguments->after, kName)->required();
  command.add_flag("--metadata", arguments->metadata, "also tell what changed in metadata only");
  arguments->selection.add_options(command);
}

}  // namespace sapdr::shell
