#include <sapdr/snapshot.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

std::string hex_if_any(const std::optional<core::Id>& id) {
  return id ? id->hex() : std::string();
}

core::UnixNs last_verified(const core::VerifiedTimes& verified, const core::Id& id) {
  const auto found = verified.snapshots.find(id);
  return found == verified.snapshots.end() ? 0 : found->second;
}

const char* at_or_empty(const std::vector<std::string>& list, size_t at) {
  return at < list.size() ? list[at].c_str() : "";
}

}  // namespace

sapdr_snapshot::sapdr_snapshot(core::Snapshot from, const core::VerifiedTimes& verified)
    : snapshot(std::move(from)),
      hex(snapshot.id.hex()),
      tree_hex(snapshot.tree.hex()),
      parent_hex(hex_if_any(snapshot.parent)),
      verified_ns(last_verified(verified, snapshot.id)) {}

core::SnapshotFilter capi::read_filter(const sapdr_snapshot_filter* filter) {
  const sapdr_snapshot_filter given = read_options(filter, "filter");
  require_unused(given.reserved);
  core::SnapshotFilter read;
  read.hosts = read_strings(given.hosts, given.n_hosts, "hosts");
  read.tags = read_strings(given.tags, given.n_tags, "tags");
  read.paths = read_strings(given.paths, given.n_paths, "paths");
  read.tag_lists = read_tag_lists(given.tag_lists, given.n_tag_lists, "tag_lists");
  return read;
}

namespace {

using Damaged = std::vector<std::unique_ptr<const sapdr_error>>;

// Where to put the errors of what cannot be read; without it they are thrown.
core::OnDamage into(Damaged* damaged) {
  if (damaged == nullptr) return {};
  return [damaged](const core::Id&, const core::Error& error) {
    damaged->push_back(std::make_unique<const sapdr_error>(error));
  };
}

std::unique_ptr<sapdr_snapshot_list> list_of(sapdr_repo* repo, const sapdr_snapshot_filter* filter,
                                             bool only_readable) {
  const core::RepositoryPtr& repository = capi::use(repo);
  const core::SnapshotFilter wanted = capi::read_filter(filter);
  return capi::at_pace(repository->context(), [&] {
    capi::RunProgress progress;
    const capi::Session session(repository, capi::Index::none, progress);
    const core::VerifiedTimes verified = core::load_verified(*repository);
    auto list = std::make_unique<sapdr_snapshot_list>();
    Damaged* damaged = only_readable ? &list->damaged : nullptr;
    for (core::Snapshot& snapshot : core::list_snapshots(*repository, wanted, into(damaged))) {
      list->snapshots.emplace_back(std::move(snapshot), verified);
    }
    return list;
  });
}

}  // namespace

sapdr_status sapdr_snapshot_list_new(sapdr_snapshot_list** out, sapdr_repo* repo,
                                     const sapdr_snapshot_filter* filter, sapdr_error** err) {
  return capi::guard_new(out, err, [&] { return list_of(repo, filter, false); });
}

sapdr_status sapdr_snapshot_list_readable(sapdr_snapshot_list** out, sapdr_repo* repo,
                                          const sapdr_snapshot_filter* filter, sapdr_error** err) {
  return capi::guard_new(out, err, [&] { return list_of(repo, filter, true); });
}

size_t sapdr_snapshot_list_n_damaged(const sapdr_snapshot_list* list) {
  return list == nullptr ? 0 : list->damaged.size();
}

const sapdr_error* sapdr_snapshot_list_damaged_at(const sapdr_snapshot_list* list, size_t at) {
  return list == nullptr || at >= list->damaged.size() ? nullptr : list->damaged[at].get();
}

size_t sapdr_snapshot_list_size(const sapdr_snapshot_list* list) {
  return list == nullptr ? 0 : list->snapshots.size();
}

const sapdr_snapshot* sapdr_snapshot_list_at(const sapdr_snapshot_list* list, size_t at) {
  return list == nullptr || at >= list->snapshots.size() ? nullptr : &list->snapshots[at];
}

void sapdr_snapshot_list_free(sapdr_snapshot_list* list) {
  delete list;
}

sapdr_status sapdr_snapshot_get(sapdr_snapshot** out, sapdr_repo* repo, const char* name,
                                const sapdr_snapshot_filter* filter, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::RepositoryPtr& repository = capi::use(repo);
    const capi::SnapshotName wanted = capi::read_name(name, filter);
    return capi::at_pace(repository->context(), [&] {
      capi::RunProgress progress;
      // A folder behind the name lies in trees, which only the index finds.
      const capi::Index index = wanted.has_folder() ? capi::Index::load : capi::Index::none;
      const capi::Session session(repository, index, progress);
      return std::make_unique<sapdr_snapshot>(session.find(wanted).snapshot,
                                              core::load_verified(*repository));
    });
  });
}

void sapdr_snapshot_free(sapdr_snapshot* snapshot) {
  delete snapshot;
}

sapdr_id sapdr_snapshot_id(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? sapdr_id{} : capi::to_c(snapshot->snapshot.id);
}

const char* sapdr_snapshot_hex(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? "" : snapshot->hex.c_str();
}

const char* sapdr_snapshot_tree_hex(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? "" : snapshot->tree_hex.c_str();
}

const char* sapdr_snapshot_parent_hex(const sapdr_snapshot* snapshot) {
  const bool has_parent = snapshot != nullptr && !snapshot->parent_hex.empty();
  return has_parent ? snapshot->parent_hex.c_str() : nullptr;
}

int64_t sapdr_snapshot_time_ns(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->snapshot.time;
}

const char* sapdr_snapshot_host(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? "" : snapshot->snapshot.hostname.c_str();
}

const char* sapdr_snapshot_user(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? "" : snapshot->snapshot.username.c_str();
}

const char* sapdr_snapshot_program(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? "" : snapshot->snapshot.program_version.c_str();
}

size_t sapdr_snapshot_n_paths(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->snapshot.paths.size();
}

const char* sapdr_snapshot_path(const sapdr_snapshot* snapshot, size_t at) {
  return snapshot == nullptr ? "" : at_or_empty(snapshot->snapshot.paths, at);
}

size_t sapdr_snapshot_n_tags(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->snapshot.tags.size();
}

const char* sapdr_snapshot_tag(const sapdr_snapshot* snapshot, size_t at) {
  return snapshot == nullptr ? "" : at_or_empty(snapshot->snapshot.tags, at);
}

uint64_t sapdr_snapshot_files(const sapdr_snapshot* snapshot) {
  if (snapshot == nullptr || !snapshot->snapshot.summary) return 0;
  return snapshot->snapshot.summary->total_files_processed;
}

uint64_t sapdr_snapshot_bytes(const sapdr_snapshot* snapshot) {
  if (snapshot == nullptr || !snapshot->snapshot.summary) return 0;
  return snapshot->snapshot.summary->total_bytes_processed;
}

int64_t sapdr_snapshot_verified_ns(const sapdr_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->verified_ns;
}
