#include "events.hpp"

#include <array>
#include <utility>

#include "console.hpp"
#include "oplog_time.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

// Grows when a field changes its meaning or goes away; new fields and events do not change it.
constexpr int kSchema = 1;

constexpr std::array kRetry = {"never", "maybe", "yes"};

void add_if_known(JsonObject& out, std::string_view key, const char* value) {
  if (value != nullptr) out.text(key, value);
}

std::string_view node_type(std::int32_t type) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "other", "file", "dir", "symlink", "dev", "chardev", "fifo", "socket", "other"};
  return type >= 0 && static_cast<std::size_t>(type) < kNames.size()
             ? kNames[static_cast<std::size_t>(type)]
             : kNames[0];
}

JsonObject snapshot_fields(const sapdr_snapshot* s) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < sapdr_snapshot_n_paths(s); ++i) {
    paths.emplace_back(sapdr_snapshot_path(s, i));
  }
  std::vector<std::string> tags;
  for (std::size_t i = 0; i < sapdr_snapshot_n_tags(s); ++i) {
    tags.emplace_back(sapdr_snapshot_tag(s, i));
  }
  const std::string hex = sapdr_snapshot_hex(s);
  const std::int64_t verified = sapdr_snapshot_verified_ns(s);
  JsonObject out;
  out.text("id", hex).text("short_id", short_id(hex));
  out.text("time", utc_time(sapdr_snapshot_time_ns(s)));
  out.text("host", sapdr_snapshot_host(s)).text("user", sapdr_snapshot_user(s));
  out.texts("paths", paths).texts("tags", tags);
  out.text("tree", sapdr_snapshot_tree_hex(s));
  add_if_known(out, "parent", sapdr_snapshot_parent_hex(s));
  out.text("program", sapdr_snapshot_program(s));
  out.number("files", sapdr_snapshot_files(s)).number("bytes", sapdr_snapshot_bytes(s));
  out.text("state", verified != 0 ? "verified" : "written");
  if (verified != 0) out.text("verified_at", utc_time(verified));
  return out;
}

JsonObject node_fields(const sapdr_node& n) {
  JsonObject out;
  out.bytes("path", {n.path, n.path_size}).text("node_type", node_type(n.type));
  out.number("size", n.size).number("mode", n.mode).number("uid", n.uid).number("gid", n.gid);
  out.text("user", n.user).text("group", n.group);
  out.text("mtime", utc_time(n.mtime_ns)).text("atime", utc_time(n.atime_ns));
  out.text("ctime", utc_time(n.ctime_ns));
  out.number("inode", n.inode).number("links", n.links).number("blobs", n.n_blobs);
  if (n.link_target != nullptr) out.bytes("link_target", {n.link_target, n.link_target_size});
  if (n.type == SAPDR_NODE_DEV || n.type == SAPDR_NODE_CHARDEV) out.number("device", n.device);
  return out;
}

JsonObject error_fields(const Failure& failure) {
  JsonObject out;
  out.text("status", sapdr_status_name(failure.status()));
  out.text("message", failure.message());
  if (const std::string hint = failure.hint(); !hint.empty()) out.text("hint", hint);
  out.text("retry", kRetry.at(static_cast<std::size_t>(failure.retryable())));
  JsonObject details;
  for (const auto& [key, value] : failure.details()) details.text(key, value);
  out.object("details", details).texts("causes", failure.causes());
  return out;
}

}  // namespace

EventReport::EventReport(Sink& sink, std::string command, bool details, bool quiet)
    : sink_(sink), command_(std::move(command)), details_(details), quiet_(quiet) {}

void EventReport::emit(std::string_view type, const JsonObject& fields) {
  JsonObject event;
  event.number("schema", kSchema).text("command", command_).text("type", type).append(fields);
  sink_.write(event.str() + "\n");
}

void EventReport::progress(const sapdr_progress& p) {
  if (quiet_) return;
  JsonObject out;
  out.text("phase", sapdr_phase_name(p.phase));
  out.number("items_done", p.items_done).number("items_total", p.items_total);
  out.number("bytes_done", p.bytes_done).number("bytes_total", p.bytes_total);
  out.number("errors", p.errors).seconds("elapsed_seconds", p.elapsed_ns);
  if (p.current != nullptr) out.bytes("current", {p.current, p.current_size});
  out.flag("final", p.is_final != 0);
  emit("progress", out);
  sink_.flush();
}

void EventReport::item(const sapdr_item& item) {
  if (!details_ && !is_problem(item)) return;
  JsonObject out;
  out.text("action", sapdr_item_action_name(item.action));
  out.text("status", sapdr_status_name(item.status));
  if (item.path != nullptr) out.bytes("path", {item.path, item.path_size});
  out.number("size", item.size);
  add_if_known(out, "object_type", item.object_type);
  add_if_known(out, "object_id", item.object_id);
  add_if_known(out, "snapshot_id", item.snapshot_id);
  add_if_known(out, "message", item.message);
  emit("item", out);
}

void EventReport::snapshots(const std::vector<const sapdr_snapshot*>& snapshots) {
  for (const sapdr_snapshot* snapshot : snapshots) emit("snapshot", snapshot_fields(snapshot));
}

void EventReport::decisions(const std::string&, const std::vector<Decision>& group) {
  for (const Decision& decision : group) {
    JsonObject out;
    out.flag("keep", decision.keep).texts("reasons", decision.reasons);
    out.number("group", decision.group).append(snapshot_fields(decision.snapshot));
    emit("decision", out);
  }
}

void EventReport::plan(const Summary& plan) {
  emit("plan", plan.figures);
  sink_.flush();
}

void EventReport::keys(const std::vector<const sapdr_key*>& keys) {
  for (const sapdr_key* key : keys) {
    JsonObject out;
    out.text("id", key->id).text("short_id", short_id(key->id));
    out.text("host", key->host).text("user", key->user);
    out.text("created", utc_time(key->created_ns)).flag("current", key->is_current != 0);
    emit("key", out);
  }
}

void EventReport::caches(const std::vector<ListedCache>& caches) {
  for (const auto& [cache, is_old] : caches) {
    JsonObject out;
    out.text("repository_id", cache->repository_id).number("files", cache->files);
    out.number("bytes", cache->bytes).text("used", utc_time(cache->used_ns)).flag("old", is_old);
    emit("cache", out);
  }
}

void EventReport::findings(const std::vector<const sapdr_finding*>& findings) {
  for (const sapdr_finding* finding : findings) {
    JsonObject out;
    out.text("severity", sapdr_severity_name(finding->severity)).text("code", finding->code);
    emit("finding", out.text("object", finding->object).text("message", finding->message));
  }
}

void EventReport::mongodb_ranges(const std::vector<const sapdr_mongodb_range*>& ranges) {
  for (const sapdr_mongodb_range* range : ranges) {
    std::vector<std::string> snapshots;
    for (std::size_t i = 0; i < range->n_snapshots; ++i) {
      snapshots.push_back(hex(range->snapshots[i]));
    }
    JsonObject out;
    out.text("replica_set", range->replica_set).text("replica_set_id", range->replica_set_id);
    out.texts("includes", {range->includes, range->includes + range->n_includes});
    out.texts("excludes", {range->excludes, range->excludes + range->n_excludes});
    if (range->has_oplog != 0) {
      out.object("from", oplog_time_fields(range->from)).object("to", oplog_time_fields(range->to));
    }
    emit("mongodb_range", out.texts("snapshot_ids", snapshots));
  }
}

void EventReport::node(const sapdr_node& node, bool) {
  emit("node", node_fields(node));
}

void EventReport::difference(const sapdr_difference& d) {
  JsonObject out;
  out.text("modifier", sapdr_diff_modifier(d.change)).bytes("path", {d.path, d.path_size});
  if (d.before != nullptr) out.object("before", node_fields(*d.before));
  if (d.after != nullptr) out.object("after", node_fields(*d.after));
  emit("change", out);
}

void EventReport::match(const sapdr_match& m, bool) {
  JsonObject out;
  out.text("snapshot_id", sapdr_snapshot_hex(m.snapshot));
  add_if_known(out, "object_type", m.object_type);
  add_if_known(out, "object_id", m.object_id);
  add_if_known(out, "tree_id", m.tree_id);
  emit("match", out.append(node_fields(*m.node)));
}

void EventReport::checksum(const sapdr_file_checksum& file) {
  JsonObject out;
  out.bytes("path", {file.path, file.path_size}).number("size", file.size);
  emit("checksum", out.text("sha256", hex(file.sha256)));
}

void EventReport::object(const std::string& type, const char* id, std::uint64_t size) {
  emit("object", JsonObject().text("object_type", type).text("object_id", id).number("size", size));
}

void EventReport::content(const std::string& type, const std::string& id, std::string_view bytes) {
  JsonObject out;
  out.text("object_type", type);
  if (!id.empty()) out.text("object_id", id);
  out.number("size", bytes.size());
  if (is_utf8(bytes)) {
    out.text("content", bytes);
  } else {
    out.text("content_base64", base64(bytes));
  }
  emit("object", out);
}

void EventReport::finish(const Summary& summary, const Failure* failure) {
  if (failure != nullptr) emit("error", error_fields(*failure));
  const sapdr_status status = failure == nullptr ? SAPDR_OK : failure->status();
  JsonObject out;
  out.text("status", sapdr_status_name(status)).number("exit_code", sapdr_status_exit_code(status));
  emit("summary", out.append(summary.figures));
  sink_.flush();
}

}  // namespace sapdr::shell
