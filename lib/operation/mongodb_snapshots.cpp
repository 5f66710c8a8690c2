#include "operation/mongodb_snapshots.hpp"

#include <algorithm>
#include <utility>

#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

const std::string root = std::string("/") + mongodb::root_folder + "/";

std::string load_text(Repository& repository, const Node& file) {
  std::string text;
  for (const Id& id : file.content) text += as_text(repository.load_blob(BlobType::data, id));
  return text;
}

mongodb::CaptureRecord load_record(Repository& repository, const Snapshot& snapshot,
                                   const std::string& folder) {
  const std::string path = folder + "/" + mongodb::record_file;
  const Node file = find_file(repository, snapshot.tree, path);
  return mongodb::parse_record(load_text(repository, file),
                               path + " of snapshot " + snapshot.id.short_hex());
}

void log_damage(Repository& repository, const Error& error) {
  repository.context().log(LogLevel::warning, "mongodb", error.message());
}

std::vector<Snapshot> list(Repository& repository, const std::string& folder) {
  SnapshotFilter filter;
  if (!folder.empty()) filter.paths = {folder};
  return list_snapshots(repository, filter,
                        [&](const Id&, const Error& error) { log_damage(repository, error); });
}

// The folder of MongoDB that a snapshot is about; empty if it is about something else.
std::string folder_of(const Snapshot& snapshot) {
  if (snapshot.paths.size() != 1) return {};
  const std::string& path = snapshot.paths.front();
  const bool is_one = path.starts_with(root) && path.find('/', root.size()) == std::string::npos;
  return is_one ? path : std::string();
}

// What a snapshot that claims to be of MongoDB may lack.
bool is_about_record(const Error& error) {
  return error.code() == Code::corrupt || error.code() == Code::not_found ||
         error.code() == Code::invalid_argument || error.code() == Code::unsupported;
}

std::optional<MongodbSnapshot> look_at(Repository& repository, const Snapshot& snapshot) {
  const std::string folder = folder_of(snapshot);
  if (folder.empty()) return std::nullopt;
  try {
    return MongodbSnapshot{snapshot, folder, load_record(repository, snapshot, folder)};
  } catch (const Error& error) {
    if (!is_about_record(error)) throw;
    log_damage(repository, error);
    return std::nullopt;
  }
}

}  // namespace

bool are_of_one_history(const mongodb::CaptureRecord& a, const mongodb::CaptureRecord& b) {
  return a.identity.replica_set == b.identity.replica_set &&
         a.identity.replica_set_id == b.identity.replica_set_id && a.filter == b.filter;
}

std::vector<MongodbSnapshot> mongodb_snapshots(Repository& repository, const std::string& folder,
                                               Progress& progress) {
  std::vector<MongodbSnapshot> found;
  for (const Snapshot& snapshot : list(repository, folder)) {
    progress.checkpoint();
    if (auto one = look_at(repository, snapshot)) found.push_back(*std::move(one));
  }
  return found;
}

std::optional<MongodbSnapshot> latest_mongodb_snapshot(Repository& repository,
                                                       const mongodb::CaptureRecord& wanted) {
  const std::vector<Snapshot> snapshots = list(repository, root + wanted.folder());
  for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
    auto one = look_at(repository, *at);
    const bool is_it =
        one && one->record.identity.has_oplog() && are_of_one_history(one->record, wanted);
    if (is_it) return one;
  }
  return std::nullopt;
}

}  // namespace sapdr::core
