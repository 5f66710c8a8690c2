#include "terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "oplog_time.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

using Row = std::vector<std::string>;

// Columns are counted in code points, which is right but for wide and combining characters.
std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - display_width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string state_of(const sapdr_snapshot* s) {
  const std::int64_t verified = sapdr_snapshot_verified_ns(s);
  return verified == 0 ? "written" : "verified " + local_date(verified);
}

std::vector<std::string> shown_each(const sapdr_snapshot* s, std::size_t n,
                                    const char* (*at)(const sapdr_snapshot* snapshot,
                                                      std::size_t at)) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(shown(at(s, i)));
  return out;
}

// One snapshot takes as many rows as it has paths, tags or whatever is in the columns between.
void append_rows(std::vector<Row>& rows, const sapdr_snapshot* s,
                 const std::vector<std::vector<std::string>>& between) {
  std::vector<std::vector<std::string>> cells = {
      {short_id(sapdr_snapshot_hex(s))},
      {local_time(sapdr_snapshot_time_ns(s))},
      {shown(sapdr_snapshot_host(s))},
      shown_each(s, sapdr_snapshot_n_tags(s), sapdr_snapshot_tag)};
  cells.insert(cells.end(), between.begin(), between.end());
  cells.push_back(shown_each(s, sapdr_snapshot_n_paths(s), sapdr_snapshot_path));
  std::size_t height = 0;
  for (const auto& cell : cells) height = std::max(height, cell.size());
  for (std::size_t i = 0; i < height; ++i) {
    Row& row = rows.emplace_back();
    for (const auto& cell : cells) row.push_back(i < cell.size() ? cell[i] : "");
  }
}

std::string decision_table(const std::vector<Decision>& group, bool keep) {
  std::vector<Row> rows = {{"ID", "Time", "Host", "Tags", "Paths"}};
  if (keep) rows.front().insert(rows.front().end() - 1, "Reasons");
  std::uint64_t n = 0;
  for (const Decision& decision : group) {
    if (decision.keep != keep) continue;
    ++n;
    std::vector<std::vector<std::string>> between;
    if (keep) between.push_back(decision.reasons);
    append_rows(rows, decision.snapshot, between);
  }
  if (n == 0) return "";
  return (keep ? "keep " : "remove ") + counted(n, "snapshot") + ":\n" + table(rows);
}

// As `ls -l` writes it: "drwxr-sr-x".
std::string mode_text(const sapdr_node& n) {
  static constexpr std::string_view kTypes = "?-dlbcps?";
  const auto type = static_cast<std::size_t>(n.type);
  std::string out(1, type < kTypes.size() ? kTypes[type] : '?');
  for (int shift = 6; shift >= 0; shift -= 3) {
    out += (n.mode >> shift & 4) != 0 ? 'r' : '-';
    out += (n.mode >> shift & 2) != 0 ? 'w' : '-';
    out += (n.mode >> shift & 1) != 0 ? 'x' : '-';
  }
  const auto special = [&](std::uint32_t bit, std::size_t at, char set) {
    if ((n.mode & bit) != 0) out[at] = out[at] == 'x' ? set : static_cast<char>(set & ~0x20);
  };
  special(04000, 3, 's');
  special(02000, 6, 's');
  special(01000, 9, 't');
  return out;
}

std::string long_line(const sapdr_node& n) {
  std::array<char, 96> numbers;
  std::snprintf(numbers.data(), numbers.size(), " %5u %5u %10llu ", n.uid, n.gid,
                static_cast<unsigned long long>(n.size));
  std::string out = mode_text(n) + numbers.data() + local_time(n.mtime_ns) + " ";
  out += shown({n.path, n.path_size});
  if (n.link_target != nullptr) out += " -> " + shown({n.link_target, n.link_target_size});
  return out;
}

std::vector<std::string> lent(const char* const* list, std::size_t n) {
  return {list, list + n};
}

bool are_of_one_history(const sapdr_mongodb_range& a, const sapdr_mongodb_range& b) {
  return a.has_oplog != 0 && b.has_oplog != 0 && std::string_view(a.replica_set) == b.replica_set &&
         std::string_view(a.replica_set_id) == b.replica_set_id &&
         lent(a.includes, a.n_includes) == lent(b.includes, b.n_includes) &&
         lent(a.excludes, a.n_excludes) == lent(b.excludes, b.n_excludes);
}

std::string gap(const sapdr_mongodb_range& before, const sapdr_mongodb_range& after) {
  return human_duration(std::uint64_t{after.from.seconds - before.to.seconds} * 1'000'000'000);
}

}  // namespace

TerminalReport::TerminalReport(Sink& sink, Console& console, bool details, bool quiet)
    : sink_(sink), console_(console), details_(details), quiet_(quiet) {}

void TerminalReport::item(const sapdr_item& item) {
  if (!details_ || is_problem(item)) return;
  console_.aside([&] {
    sink_.write(item_line(item, false) + "\n");
    if (is_terminal(STDOUT_FILENO)) sink_.flush();
  });
}

void TerminalReport::snapshots(const std::vector<const sapdr_snapshot*>& snapshots) {
  if (snapshots.empty()) return;
  std::vector<Row> rows = {{"ID", "Time", "Host", "Tags", "State", "Size", "Paths"}};
  for (const sapdr_snapshot* snapshot : snapshots) {
    const std::uint64_t bytes = sapdr_snapshot_bytes(snapshot);
    append_rows(rows, snapshot, {{state_of(snapshot)}, {bytes == 0 ? "" : human_bytes(bytes)}});
  }
  sink_.write(table(rows));
}

void TerminalReport::decisions(const std::string& title, const std::vector<Decision>& group) {
  if (quiet_) return;
  if (!title.empty()) sink_.write(title + "\n");
  sink_.write(decision_table(group, true) + decision_table(group, false) + "\n");
  sink_.flush();
}

void TerminalReport::plan(const Summary& plan) {
  if (quiet_) return;
  for (const std::string& line : plan.lines) sink_.write(line + "\n");
  sink_.write("\n");
  sink_.flush();
}

void TerminalReport::keys(const std::vector<const sapdr_key*>& keys) {
  std::vector<Row> rows = {{"", "ID", "Created", "Host", "User"}};
  for (const sapdr_key* key : keys) {
    rows.push_back({key->is_current != 0 ? "*" : "", short_id(key->id), local_time(key->created_ns),
                    shown(key->host), shown(key->user)});
  }
  sink_.write(table(rows));
}

void TerminalReport::caches(const std::vector<ListedCache>& caches) {
  if (caches.empty()) return;
  std::vector<Row> rows = {{"Repository", "Last used", "", "Files", "Size"}};
  for (const auto& [cache, is_old] : caches) {
    rows.push_back({short_id(cache->repository_id), local_time(cache->used_ns), is_old ? "old" : "",
                    std::to_string(cache->files), human_bytes(cache->bytes)});
  }
  sink_.write(table(rows));
}

// What matters most comes first; what is as it should be is a detail.
void TerminalReport::findings(const std::vector<const sapdr_finding*>& findings) {
  for (const std::int32_t severity :
       {SAPDR_SEVERITY_DANGER, SAPDR_SEVERITY_WARNING, SAPDR_SEVERITY_UNKNOWN, SAPDR_SEVERITY_NOTE,
        SAPDR_SEVERITY_OK}) {
    const bool is_problem = severity == SAPDR_SEVERITY_DANGER || severity == SAPDR_SEVERITY_WARNING;
    if (quiet_ && !is_problem) continue;
    for (const sapdr_finding* each : findings) {
      if (each->severity != severity) continue;
      std::string line = sapdr_severity_name(severity);
      line.resize(9, ' ');
      sink_.write(line + each->code + ", " + shown(each->object) + ": " + printable(each->message) +
                  "\n");
    }
  }
}

void TerminalReport::mongodb_ranges(const std::vector<const sapdr_mongodb_range*>& ranges) {
  if (ranges.empty()) return;
  std::vector<Row> rows = {{"Replica set", "From", "To", "Snapshots", "Before it"}};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const sapdr_mongodb_range& each = *ranges[i];
    const bool follows_gap = i > 0 && are_of_one_history(*ranges[i - 1], each);
    rows.push_back({each.has_oplog != 0 ? shown(each.replica_set) : "(standalone)",
                    each.has_oplog != 0 ? utc_second(each.from) : "unknown",
                    each.has_oplog != 0 ? utc_second(each.to) : "unknown",
                    std::to_string(each.n_snapshots),
                    follows_gap ? "a gap of " + gap(*ranges[i - 1], each) : ""});
  }
  sink_.write(table(rows));
}

void TerminalReport::node(const sapdr_node& node, bool long_form) {
  sink_.write((long_form ? long_line(node) : shown({node.path, node.path_size})) + "\n");
}

void TerminalReport::checksum(const sapdr_file_checksum& file) {
  if (!is_terminal(STDOUT_FILENO)) return sink_.write({file.line, file.line_size});
  console_.aside([&] {
    sink_.write(printable({file.line, file.line_size - 1}) + "\n");
    sink_.flush();
  });
}

// As restic prints it: folders end in a slash.
void TerminalReport::difference(const sapdr_difference& d) {
  std::string line = sapdr_diff_modifier(d.change);
  line.resize(5, ' ');
  line += shown({d.path, d.path_size});
  const sapdr_node& node = d.after == nullptr ? *d.before : *d.after;
  if (node.type == SAPDR_NODE_DIR) line += '/';
  sink_.write(line + "\n");
}

// As restic prints it.
void TerminalReport::match(const sapdr_match& m, bool long_form) {
  const std::string hex = sapdr_snapshot_hex(m.snapshot);
  const std::string time = local_time(sapdr_snapshot_time_ns(m.snapshot));
  if (m.object_type != nullptr) {
    const bool is_blob = std::string_view(m.object_type) == "blob";
    sink_.write("Found " + std::string(m.object_type) + " " + m.object_id + "\n");
    sink_.write((is_blob ? " ... in file " : " ... path ") +
                shown({m.node->path, m.node->path_size}) + "\n");
    if (is_blob) sink_.write("     (tree " + std::string(m.tree_id) + ")\n");
    return sink_.write(" ... in snapshot " + short_id(hex) + " (" + time + ")\n");
  }
  if (hex != matches_of_) {
    if (!matches_of_.empty()) sink_.write("\n");
    sink_.write("Found matching entries in snapshot " + short_id(hex) + " from " + time + "\n");
    matches_of_ = hex;
  }
  node(*m.node, long_form);
}

void TerminalReport::object(const std::string&, const char* id, std::uint64_t) {
  sink_.write(printable(id) + "\n");
}

void TerminalReport::content(const std::string&, const std::string&, std::string_view bytes) {
  if (is_terminal(STDOUT_FILENO)) {
    sink_.write(printable(bytes) + "\n");
  } else {
    sink_.write(bytes);
  }
}

void TerminalReport::finish(const Summary& summary, const Failure*) {
  if (!quiet_) {
    for (const std::string& line : summary.lines) sink_.write(line + "\n");
  }
  sink_.flush();
}

}  // namespace sapdr::shell
