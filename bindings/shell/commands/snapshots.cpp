// snapshots, stats
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "command_line.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kSnapshots = {
    "snapshots", "List snapshots",
    "Lists the snapshots, oldest first, with their state: written, or verified and when. Only a\n"
    "verified one is known to be restorable in full.",
    "  sapdr snapshots\n"
    "  sapdr snapshots --host db1 --tag nightly --latest 3\n"
    "  sapdr snapshots 1234abcd --json\n"};

constexpr CommandText kStats = {
    "stats", "Show sizes and ratios",
    "Shows what restoring the snapshots would write, how much of it is different data\n"
    "(deduplication), and how much of that is stored (compression). Without a snapshot it counts\n"
    "all of them, or those that match the options.",
    "  sapdr stats\n"
    "  sapdr stats latest\n"
    "  sapdr stats --host db1 --json\n"};

using Pointers = std::vector<const sapdr_snapshot*>;

struct SnapshotsArguments {
  std::vector<std::string> names;
  Selection selection;
  std::size_t latest = 0;
};

// Keeps what it found alive.
class Found {
 public:
  void add_named(sapdr_repo* repo, const std::string& name, const Filter& filter) {
    named_.push_back(make<Snapshot>([&](auto** out, sapdr_error** error) {
      return sapdr_snapshot_get(out, repo, name.c_str(), filter.get(), error);
    }));
    add(named_.back().get());
  }

  void add_matching(sapdr_repo* repo, const Filter& filter) {
    list_ = make<SnapshotList>([&](auto** out, sapdr_error** error) {
      return sapdr_snapshot_list_readable(out, repo, filter.get(), error);
    });
    for (std::size_t i = 0; i < sapdr_snapshot_list_size(list_.get()); ++i) {
      add(sapdr_snapshot_list_at(list_.get(), i));
    }
  }

  // If snapshots cannot be read, that is the command's failure once the others are shown.
  void require_whole() const {
    const std::size_t n = sapdr_snapshot_list_n_damaged(list_.get());
    if (n == 0) return;
    const sapdr_error* error = sapdr_snapshot_list_damaged_at(list_.get(), 0);
    const std::string more = n == 1 ? "" : " (and so are " + std::to_string(n - 1) + " more)";
    throw Failure(sapdr_error_code(error), sapdr_error_message(error) + more)
        .hinted("`sapdr check` tells what is affected, `sapdr repair snapshots` helps");
  }

  // Each snapshot once, oldest first.
  Pointers oldest_first() const {
    Pointers out = found_;
    std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
      return sapdr_snapshot_time_ns(a) < sapdr_snapshot_time_ns(b);
    });
    return out;
  }

 private:
  void add(const sapdr_snapshot* snapshot) {
    if (seen_.insert(sapdr_snapshot_hex(snapshot)).second) found_.push_back(snapshot);
  }

  std::vector<Snapshot> named_;
  SnapshotList list_;
  std::set<std::string> seen_;
  Pointers found_;
};

// The last `n` of each host and set of paths.
Pointers latest_of_each(const Pointers& oldest_first, std::size_t n) {
  std::map<std::vector<std::string>, std::size_t> counts;
  Pointers out;
  for (auto at = oldest_first.rbegin(); at != oldest_first.rend(); ++at) {
    std::vector<std::string> group;
    for (std::size_t i = 0; i < sapdr_snapshot_n_paths(*at); ++i) {
      group.emplace_back(sapdr_snapshot_path(*at, i));
    }
    std::sort(group.begin(), group.end());
    group.emplace_back(sapdr_snapshot_host(*at));
    if (counts[group]++ < n) out.push_back(*at);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

void run_snapshots(const SnapshotsArguments& a, Session& session) {
  sapdr_repo* repo = session.open_to_read();
  Found found;
  const Filter filter(a.selection);
  if (a.names.empty()) found.add_matching(repo, filter);
  for (const std::string& name : a.names) found.add_named(repo, name, filter);
  Pointers snapshots = found.oldest_first();
  if (a.latest != 0) snapshots = latest_of_each(snapshots, a.latest);
  session.report().snapshots(snapshots);
  session.summary().figures.number("snapshots", snapshots.size());
  session.summary().lines = {counted(snapshots.size(), "snapshot")};
  found.require_whole();
}

struct StatsArguments {
  std::string snapshot;
  Selection selection;
};

void run_stats(const StatsArguments& a, Session& session) {
  sapdr_repo* repo = session.open_to_read();
  const Filter filter(a.selection);
  sapdr_stats_result r;
  SAPDR_INIT(&r);
  require([&](sapdr_error** error) {
    return sapdr_stats_run(&r, repo, a.snapshot.empty() ? nullptr : a.snapshot.c_str(),
                           filter.get(), session.cancel(), error);
  });
  session.summary()
      .figures.number("snapshots", r.snapshots)
      .number("files", r.files)
      .number("restore_bytes", r.restore_bytes)
      .number("blobs", r.blobs)
      .number("plain_bytes", r.plain_bytes)
      .number("stored_bytes", r.stored_bytes)
      .number("repository_bytes", r.repository_bytes);
  session.summary().lines = {
      row("Snapshots", std::to_string(r.snapshots)),
      row("Files", std::to_string(r.files)),
      row("Restore size", human_bytes(r.restore_bytes)),
      row("Different data", human_bytes(r.plain_bytes), "in " + counted(r.blobs, "blob")),
      row("Stored data", human_bytes(r.stored_bytes)),
      row("Deduplication", human_ratio(r.restore_bytes, r.plain_bytes)),
      row("Compression", human_ratio(r.plain_bytes, r.stored_bytes)),
      row("Whole repository", human_bytes(r.repository_bytes), "in packs"),
  };
}

}  // namespace

void add_snapshots(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<SnapshotsArguments>();
  CLI::App& command =
      add_command(app, line, kSnapshots, [arguments](Session& s) { run_snapshots(*arguments, s); });
  add_positionals(command, "SNAPSHOT", arguments->names, "only these: ids, prefixes or latest");
  arguments->selection.add_options(command);
  command
      .add_option("--latest", arguments->latest, "only the last N of each host and set of paths")
      ->type_name("N")
      ->group("Which snapshots");
}

void add_stats(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<StatsArguments>();
  CLI::App& command =
      add_command(app, line, kStats, [arguments](Session& s) { run_stats(*arguments, s); });
  command.add_option("SNAPSHOT", arguments->snapshot, "only this one: an id, a prefix or latest");
  arguments->selection.add_options(command);
}

}  // namespace sapdr::shell
