#include "commands/backup_summary.hpp"

#include <array>

#include "text.hpp"

namespace sapdr::shell {
namespace {

std::string state_name(std::int32_t state) {
  static constexpr std::array kNames = {"failed", "incomplete", "written", "verified"};
  return kNames.at(static_cast<std::size_t>(state));
}

JsonObject figures(const sapdr_backup_result& r, bool dry_run) {
  JsonObject out;
  if (!dry_run) out.text("state", state_name(r.state));
  out.flag("dry_run", dry_run);
  if (r.has_snapshot != 0) out.text("snapshot_id", hex(r.snapshot_id));
  if (r.has_parent != 0) out.text("parent_id", hex(r.parent_id));
  out.number("files_new", r.files_new).number("files_changed", r.files_changed);
  out.number("files_unmodified", r.files_unmodified).number("dirs_new", r.dirs_new);
  out.number("dirs_changed", r.dirs_changed).number("dirs_unmodified", r.dirs_unmodified);
  out.number("items_total", r.items_total).number("items_failed", r.items_failed);
  out.number("bytes_total", r.bytes_total).number("bytes_read", r.bytes_read);
  out.number("data_blobs_new", r.data_blobs_new).number("tree_blobs_new", r.tree_blobs_new);
  out.number("bytes_new", r.bytes_new).number("bytes_stored", r.bytes_stored);
  out.number("packs_new", r.packs_new).number("packs_verified", r.packs_verified);
  out.number("bytes_verified", r.bytes_verified).seconds("elapsed_seconds", r.elapsed_ns);
  return out;
}

std::string counts(const char* title, std::uint64_t added, std::uint64_t changed,
                   std::uint64_t same) {
  std::array<char, 128> text;
  const int size = std::snprintf(
      text.data(), text.size(), "%-7s %9llu new, %9llu changed, %9llu unmodified", title,
      static_cast<unsigned long long>(added), static_cast<unsigned long long>(changed),
      static_cast<unsigned long long>(same));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string state_line(const sapdr_backup_result& r, bool dry_run) {
  const std::string left_out = r.items_failed == 1
                                   ? "1 item could not be read"
                                   : std::to_string(r.items_failed) + " items could not be read";
  if (dry_run) return "dry run: nothing was stored" + (r.items_failed != 0 ? ", " + left_out : "");
  std::string out = "snapshot " + short_id(hex(r.snapshot_id)) + " " + state_name(r.state);
  if (r.state == SAPDR_BACKUP_INCOMPLETE) out += ": " + left_out;
  return out;
}

std::vector<std::string> lines(const sapdr_backup_result& r, bool dry_run) {
  std::vector<std::string> out = {
      counts("Files:", r.files_new, r.files_changed, r.files_unmodified),
      counts("Dirs:", r.dirs_new, r.dirs_changed, r.dirs_unmodified),
      (dry_run ? "Would add: " : "Added to the repository: ") + human_bytes(r.bytes_new) + " (" +
          human_bytes(r.bytes_stored) + " stored)",
  };
  if (r.packs_verified != 0) {
    out.push_back("Read back: " + counted(r.packs_verified, "pack") + ", " +
                  human_bytes(r.bytes_verified));
  }
  out.push_back("");
  out.push_back("processed " + counted(r.files_new + r.files_changed + r.files_unmodified, "file") +
                ", " + human_bytes(r.bytes_total) + " in " + human_duration(r.elapsed_ns));
  out.push_back(state_line(r, dry_run));
  return out;
}

}  // namespace

Summary backup_summary(const sapdr_backup_result& result, bool dry_run, bool finished) {
  Summary out{figures(result, dry_run), {}};
  if (finished || result.has_snapshot != 0) out.lines = lines(result, dry_run);
  return out;
}

}  // namespace sapdr::shell
