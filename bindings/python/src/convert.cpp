#include "convert.hpp"

#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

namespace sapdr_python {

using namespace py::literals;

namespace {

template <class... Fields>
py::object make(const char* type, Fields&&... fields) {
  return py::module_::import("sapdr._types").attr(type)(std::forward<Fields>(fields)...);
}

py::object text_or_none(std::string_view bytes) {
  return bytes.empty() ? py::object(py::none()) : py::object(text(bytes));
}

py::object path_or_none(std::string_view bytes) {
  return bytes.empty() ? py::object(py::none()) : py::object(path_text(bytes));
}

py::tuple texts(const std::vector<std::string>& strings, py::str (*decode)(std::string_view)) {
  py::tuple all(strings.size());
  for (std::size_t i = 0; i < strings.size(); ++i) all[i] = decode(strings[i]);
  return all;
}

py::object oplog_time_or_none(bool present, const sapdr::oplog_time& time) {
  if (!present) return py::none();
  return make("OplogTime", "seconds"_a = time.seconds, "increment"_a = time.increment);
}

py::object id_or_none(bool present, const sapdr_id& id) {
  return present ? py::object(py::str(sapdr::to_hex(id))) : py::object(py::none());
}

double seconds(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e9;
}

const char* state_name(int32_t state) {
  switch (state) {
    case SAPDR_BACKUP_INCOMPLETE:
      return "incomplete";
    case SAPDR_BACKUP_WRITTEN:
      return "written";
    case SAPDR_BACKUP_VERIFIED:
      return "verified";
    default:
      return "failed";
  }
}

// As restic's snapshots spell them.
const char* type_name(int32_t type) {
  switch (type) {
    case SAPDR_NODE_FILE:
      return "file";
    case SAPDR_NODE_DIR:
      return "dir";
    case SAPDR_NODE_SYMLINK:
      return "symlink";
    case SAPDR_NODE_DEV:
      return "dev";
    case SAPDR_NODE_CHARDEV:
      return "chardev";
    case SAPDR_NODE_FIFO:
      return "fifo";
    case SAPDR_NODE_SOCKET:
      return "socket";
    default:
      return "other";
  }
}

}  // namespace

py::str text(std::string_view bytes) {
  PyObject* decoded =
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "surrogateescape");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::str path_text(std::string_view bytes) {
  PyObject* decoded =
      PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::object to_python(const sapdr::progress& p) {
  return make("Progress", "phase"_a = sapdr_phase_name(p.phase), "items_done"_a = p.items_done,
              "items_total"_a = p.items_total, "bytes_done"_a = p.bytes_done,
              "bytes_total"_a = p.bytes_total, "errors"_a = p.errors,
              "elapsed"_a = seconds(static_cast<uint64_t>(p.elapsed.count())),
              "current"_a = path_or_none(p.current), "is_final"_a = p.is_final);
}

py::object to_python(const sapdr::item& i) {
  return make("Item", "action"_a = sapdr_item_action_name(i.action),
              "path"_a = path_or_none(i.path), "size"_a = i.size, "status"_a = i.status,
              "message"_a = text_or_none(i.message), "object_type"_a = text_or_none(i.object_type),
              "object_id"_a = text_or_none(i.object_id),
              "snapshot_id"_a = text_or_none(i.snapshot_id));
}

py::object to_python(const sapdr::snapshot_view& s) {
  const int64_t verified = s.verified_ns();
  return make("Snapshot", "id"_a = s.hex(), "time_ns"_a = s.time_ns(), "tree"_a = s.tree(),
              "parent"_a = text_or_none(s.parent()), "host"_a = text(s.host()),
              "user"_a = text(s.user()), "program"_a = text(s.program()),
              "paths"_a = texts(s.paths(), path_text), "tags"_a = texts(s.tags(), text),
              "files"_a = s.files(), "bytes"_a = s.bytes(),
              "verified_ns"_a = verified == 0 ? py::object(py::none()) : py::int_(verified));
}

py::object to_python(const sapdr::node& n) {
  return make("Node", "path"_a = path_text(n.path), "type"_a = type_name(n.type), "size"_a = n.size,
              "mode"_a = n.mode, "uid"_a = n.uid, "gid"_a = n.gid, "user"_a = text(n.user),
              "group"_a = text(n.group), "mtime_ns"_a = n.mtime_ns, "atime_ns"_a = n.atime_ns,
              "ctime_ns"_a = n.ctime_ns, "link_target"_a = path_or_none(n.link_target),
              "inode"_a = n.inode, "links"_a = n.links, "device"_a = n.device,
              "blobs"_a = n.n_blobs);
}

py::object to_python(const sapdr::key& k) {
  return make("Key", "id"_a = k.id, "created_ns"_a = k.created_ns, "host"_a = text(k.host),
              "user"_a = text(k.user), "is_current"_a = k.is_current,
              "damage"_a = text_or_none(k.damage));
}

py::object to_python(const sapdr::cache& c) {
  return make("Cache", "repository_id"_a = c.repository_id, "files"_a = c.files,
              "bytes"_a = c.bytes, "used_ns"_a = c.used_ns);
}

py::object to_python(const sapdr::finding& f) {
  return make("Finding", "severity"_a = sapdr_severity_name(f.severity), "code"_a = f.code,
              "object"_a = text(f.object), "message"_a = text(f.message));
}

py::object to_python(const sapdr::backup_result& r) {
  return make("BackupResult", "state"_a = state_name(r.state),
              "snapshot_id"_a = id_or_none(r.has_snapshot != 0, r.snapshot_id),
              "parent_id"_a = id_or_none(r.has_parent != 0, r.parent_id),
              "files_new"_a = r.files_new, "files_changed"_a = r.files_changed,
              "files_unmodified"_a = r.files_unmodified, "dirs_new"_a = r.dirs_new,
              "dirs_changed"_a = r.dirs_changed, "dirs_unmodified"_a = r.dirs_unmodified,
              "items_total"_a = r.items_total, "items_failed"_a = r.items_failed,
              "bytes_total"_a = r.bytes_total, "bytes_read"_a = r.bytes_read,
              "data_blobs_new"_a = r.data_blobs_new, "tree_blobs_new"_a = r.tree_blobs_new,
              "bytes_new"_a = r.bytes_new, "bytes_stored"_a = r.bytes_stored,
              "packs_new"_a = r.packs_new, "packs_verified"_a = r.packs_verified,
              "bytes_verified"_a = r.bytes_verified, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::mongodb_backup_result& r) {
  const sapdr::mongodb_capture& c = r.capture;
  const bool has_oplog = c.has_oplog != 0, has_gap = c.has_gap != 0;
  return make("MongodbBackupResult", "backup"_a = to_python(r.backup), "is_full"_a = c.is_full != 0,
              "consistent"_a = oplog_time_or_none(has_oplog, c.consistent),
              "last"_a = oplog_time_or_none(has_oplog, c.last),
              "gap_from"_a = oplog_time_or_none(has_gap, c.gap_from),
              "gap_to"_a = oplog_time_or_none(has_gap, c.gap_to),
              "bridge_id"_a = id_or_none(c.has_bridge != 0, c.bridge_id),
              "collections"_a = c.collections, "documents"_a = c.documents,
              "document_bytes"_a = c.document_bytes, "oplog_entries"_a = c.oplog_entries,
              "oplog_bytes"_a = c.oplog_bytes);
}

py::object to_python(const sapdr::mongodb_range& r) {
  py::tuple snapshots(r.snapshots.size());
  for (std::size_t i = 0; i < r.snapshots.size(); ++i) {
    snapshots[i] = sapdr::to_hex(r.snapshots[i]);
  }
  return make("MongodbRange", "replica_set"_a = text(r.replica_set),
              "replica_set_id"_a = r.replica_set_id, "includes"_a = py::tuple(py::cast(r.includes)),
              "excludes"_a = py::tuple(py::cast(r.excludes)),
              "start"_a = oplog_time_or_none(r.has_oplog, r.from),
              "end"_a = oplog_time_or_none(r.has_oplog, r.to), "snapshot_ids"_a = snapshots);
}

py::object to_python(const sapdr::restore_stats& r) {
  return make("RestoreResult", "dirs"_a = r.dirs, "files"_a = r.files, "others"_a = r.others,
              "files_unchanged"_a = r.files_unchanged, "files_skipped"_a = r.files_skipped,
              "items_failed"_a = r.items_failed, "items_removed"_a = r.items_removed,
              "bytes"_a = r.bytes, "bytes_fetched"_a = r.bytes_fetched, "packs"_a = r.packs,
              "bytes_verified"_a = r.bytes_verified, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::warm_up_result& r) {
  return make("WarmUpResult", "packs"_a = r.packs, "asked"_a = r.asked, "waiting"_a = r.waiting,
              "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::forget_decision& d) {
  const py::str reasons = text(d.reasons);
  return make(
      "ForgetDecision", "snapshot"_a = to_python(d.snapshot), "keep"_a = d.keep,
      "group"_a = d.group,
      "reasons"_a = d.reasons.empty() ? py::tuple() : py::tuple(reasons.attr("split")(", ")));
}

py::object forget_result(uint64_t removed) {
  return make("ForgetResult", "removed"_a = removed);
}

py::object to_python(const sapdr::prune_stats& r) {
  return make("PruneResult", "snapshots"_a = r.snapshots, "blobs_used"_a = r.blobs_used,
              "bytes_used"_a = r.bytes_used, "blobs_unused"_a = r.blobs_unused,
              "bytes_unused"_a = r.bytes_unused, "blobs_duplicate"_a = r.blobs_duplicate,
              "bytes_duplicate"_a = r.bytes_duplicate, "packs_total"_a = r.packs_total,
              "bytes_total"_a = r.bytes_total, "packs_repacked"_a = r.packs_repacked,
              "bytes_repacked"_a = r.bytes_repacked, "packs_marked"_a = r.packs_marked,
              "bytes_marked"_a = r.bytes_marked, "packs_waiting"_a = r.packs_waiting,
              "bytes_waiting"_a = r.bytes_waiting,
              "due_ns"_a = r.due_ns == 0 ? py::object(py::none()) : py::int_(r.due_ns),
              "packs_removed"_a = r.packs_removed, "bytes_removed"_a = r.bytes_removed,
              "bytes_unused_after"_a = r.bytes_unused_after, "elapsed"_a = seconds(r.elapsed_ns),
              "snapshots_removed"_a = r.snapshots_removed);
}

py::object to_python(const sapdr::check_result& r) {
  return make("CheckResult", "snapshots"_a = r.snapshots, "trees"_a = r.trees, "packs"_a = r.packs,
              "packs_read"_a = r.packs_read, "bytes_read"_a = r.bytes_read,
              "packs_unreferenced"_a = r.packs_unreferenced, "problems"_a = r.problems,
              "snapshots_affected"_a = r.snapshots_affected, "files_affected"_a = r.files_affected,
              "packs_never_verified"_a = r.packs_never_verified,
              "oldest_unverified"_a = seconds(static_cast<uint64_t>(r.oldest_unverified_ns)),
              "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::verify_result& r) {
  return make("VerifyResult", "files"_a = r.files, "bytes"_a = r.bytes, "matching"_a = r.matching,
              "missing"_a = r.missing, "differing"_a = r.differing, "metadata"_a = r.metadata,
              "extra"_a = r.extra, "failed"_a = r.failed, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::repair_index_result& r) {
  return make("RepairIndexResult", "packs"_a = r.packs, "packs_read"_a = r.packs_read,
              "packs_added"_a = r.packs_added, "packs_changed"_a = r.packs_changed,
              "packs_dropped"_a = r.packs_dropped, "index_files_damaged"_a = r.index_files_damaged,
              "problems"_a = r.problems, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::repair_packs_result& r) {
  return make("RepairPacksResult", "packs_read"_a = r.packs_read, "bytes_read"_a = r.bytes_read,
              "packs_damaged"_a = r.packs_damaged, "blobs_saved"_a = r.blobs_saved,
              "blobs_lost"_a = r.blobs_lost, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::repair_snapshots_result& r) {
  return make("RepairSnapshotsResult", "snapshots"_a = r.snapshots,
              "snapshots_repaired"_a = r.snapshots_repaired, "snapshots_lost"_a = r.snapshots_lost,
              "snapshots_removed"_a = r.snapshots_removed, "files_dropped"_a = r.files_dropped,
              "folders_dropped"_a = r.folders_dropped, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::difference& d) {
  const auto node_or_none = [](const std::optional<sapdr::node>& node) {
    return node ? to_python(*node) : py::none();
  };
  return make("Change", "modifier"_a = d.modifier(), "path"_a = path_text(d.path),
              "before"_a = node_or_none(d.before), "after"_a = node_or_none(d.after));
}

py::object to_python(const sapdr::diff_result& r) {
  return make("DiffResult", "before_id"_a = sapdr::to_hex(r.before_id),
              "after_id"_a = sapdr::to_hex(r.after_id), "files_new"_a = r.files_new,
              "files_removed"_a = r.files_removed, "files_changed"_a = r.files_changed,
              "dirs_new"_a = r.dirs_new, "dirs_removed"_a = r.dirs_removed,
              "others_new"_a = r.others_new, "others_removed"_a = r.others_removed,
              "data_blobs_new"_a = r.data_blobs_new, "data_blobs_removed"_a = r.data_blobs_removed,
              "tree_blobs_new"_a = r.tree_blobs_new, "tree_blobs_removed"_a = r.tree_blobs_removed,
              "bytes_new"_a = r.bytes_new, "bytes_removed"_a = r.bytes_removed,
              "failed"_a = r.failed, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::match& m) {
  return make("Match", "snapshot"_a = to_python(m.snapshot), "node"_a = to_python(m.node),
              "object_type"_a = text_or_none(m.object_type),
              "object_id"_a = text_or_none(m.object_id), "tree_id"_a = text_or_none(m.tree_id));
}

py::object to_python(const sapdr::find_result& r) {
  return make("FindResult", "snapshots"_a = r.snapshots, "trees"_a = r.trees,
              "n_matches"_a = r.matches, "failed"_a = r.failed,
              "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::stats_result& r) {
  return make("Stats", "snapshots"_a = r.snapshots, "files"_a = r.files,
              "restore_bytes"_a = r.restore_bytes, "blobs"_a = r.blobs,
              "plain_bytes"_a = r.plain_bytes, "stored_bytes"_a = r.stored_bytes,
              "repository_bytes"_a = r.repository_bytes);
}

py::object to_python(const sapdr::file_checksum& f) {
  return make("FileChecksum", "path"_a = path_text(f.path), "size"_a = f.size,
              "sha256"_a = sapdr::to_hex(f.sha256));
}

py::object to_python(const sapdr::checksum_result& r) {
  return make("ChecksumResult", "files"_a = r.files, "bytes"_a = r.bytes, "skipped"_a = r.skipped,
              "failed"_a = r.failed, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::manifest_verify_result& r) {
  return make("ManifestVerifyResult", "files"_a = r.files, "bytes"_a = r.bytes,
              "matching"_a = r.matching, "missing"_a = r.missing, "differing"_a = r.differing,
              "extra"_a = r.extra, "failed"_a = r.failed, "malformed"_a = r.malformed,
              "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::copy_result& r) {
  return make("CopyResult", "snapshots_copied"_a = r.snapshots_copied,
              "snapshots_skipped"_a = r.snapshots_skipped,
              "snapshots_failed"_a = r.snapshots_failed, "data_blobs_new"_a = r.data_blobs_new,
              "tree_blobs_new"_a = r.tree_blobs_new, "bytes_new"_a = r.bytes_new,
              "bytes_stored"_a = r.bytes_stored, "packs_new"_a = r.packs_new,
              "bytes_fetched"_a = r.bytes_fetched, "elapsed"_a = seconds(r.elapsed_ns));
}

py::object to_python(const sapdr::tag_result& r) {
  return make("TagResult", "changed"_a = r.changed, "unchanged"_a = r.unchanged,
              "elapsed"_a = seconds(r.elapsed_ns));
}

}  // namespace sapdr_python
