#include "format/snapshot.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace sapdr::core {

namespace {

std::vector<std::string> read_texts(const JsonReader& json, std::string_view key,
                                    std::string_view what) {
  std::vector<std::string> texts;
  if (const auto* array = json.array(key)) {
    texts.reserve(array->size());
    for (const auto& element : *array) texts.emplace_back(json_text(element, what));
  }
  return texts;
}

// The numbers of a summary in the order restic writes them.
struct Counter {
  const char* name;
  uint64_t SnapshotSummary::*value;
};
constexpr Counter counters[] = {
    {"files_new", &SnapshotSummary::files_new},
    {"files_changed", &SnapshotSummary::files_changed},
    {"files_unmodified", &SnapshotSummary::files_unmodified},
    {"dirs_new", &SnapshotSummary::dirs_new},
    {"dirs_changed", &SnapshotSummary::dirs_changed},
    {"dirs_unmodified", &SnapshotSummary::dirs_unmodified},
    {"data_blobs", &SnapshotSummary::data_blobs},
    {"tree_blobs", &SnapshotSummary::tree_blobs},
    {"data_added", &SnapshotSummary::data_added},
    {"data_added_packed", &SnapshotSummary::data_added_packed},
    {"total_files_processed", &SnapshotSummary::total_files_processed},
    {"total_bytes_processed", &SnapshotSummary::total_bytes_processed},
};

SnapshotSummary read_summary(const JsonReader& json) {
  SnapshotSummary summary;
  summary.backup_start = json.time("backup_start");
  summary.backup_end = json.time("backup_end");
  for (const Counter& counter : counters) summary.*counter.value = json.number(counter.name);
  return summary;
}

void append_summary(std::string& out, const SnapshotSummary& summary) {
  JsonWriter json(out);
  json.time("backup_start", summary.backup_start);
  json.time("backup_end", summary.backup_end);
  for (const Counter& counter : counters) json.number(counter.name, summary.*counter.value);
  json.end();
}

}  // namespace

Snapshot parse_snapshot(std::string_view text, std::string_view what) {
  const auto value = parse_json(text, what);
  const JsonReader json(value, what);
  Snapshot snapshot;
  if (json.member("time") == nullptr) json.fail("time", "is missing");
  snapshot.time = json.time("time");
  snapshot.parent = json.optional_id("parent");
  snapshot.tree = json.id("tree");
  snapshot.paths = read_texts(json, "paths", what);
  snapshot.hostname = json.text("hostname");
  snapshot.username = json.text("username");
  snapshot.uid = json.number32("uid");
  snapshot.gid = json.number32("gid");
  snapshot.excludes = read_texts(json, "excludes", what);
  snapshot.tags = read_texts(json, "tags", what);
  snapshot.original = json.optional_id("original");
  snapshot.program_version = json.text("program_version");
  if (const auto* summary = json.member("summary")) {
    snapshot.summary = read_summary(JsonReader(*summary, what));
  }
  return snapshot;
}

std::string snapshot_json(const Snapshot& snapshot) {
  std::string out;
  JsonWriter json(out);
  json.time("time", snapshot.time);
  json.id_if_any("parent", snapshot.parent);
  json.id("tree", snapshot.tree);
  json.texts("paths", snapshot.paths);
  json.text_if_any("hostname", snapshot.hostname);
  json.text_if_any("username", snapshot.username);
  json.number_if_any("uid", snapshot.uid);
  json.number_if_any("gid", snapshot.gid);
  json.texts_if_any("excludes", snapshot.excludes);
  json.texts_if_any("tags", snapshot.tags);
  json.id_if_any("original", snapshot.original);
  json.text_if_any("program_version", snapshot.program_version);
  if (snapshot.summary) append_summary(json.key("summary"), *snapshot.summary);
  json.end();
  return out;
}

bool Snapshot::has_tags(const std::vector<std::string>& all) const {
  return std::ranges::all_of(all, [&](const std::string& tag) {
    return (tag.empty() && tags.empty()) || std::ranges::find(tags, tag) != tags.end();
  });
}

}  // namespace sapdr::core
