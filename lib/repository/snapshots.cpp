#include "repository/snapshots.hpp"

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/path.hpp"
#include "base/workers.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool contains_all(const std::vector<std::string>& list, const std::vector<std::string>& items) {
  return std::all_of(items.begin(), items.end(),
                     [&](const std::string& item) { return contains(list, item); });
}

// Nobody may take what is there for gone: a prune would remove what it needs.
void require_gone(Repository& repository, const std::vector<Id>& missing) {
  if (missing.empty()) return;
  const std::vector<Id> listed = repository.list(FileType::snapshot);
  for (const Id& id : missing) {
    if (!std::binary_search(listed.begin(), listed.end(), id)) continue;
    throw Error(Code::io, "snapshot " + id.hex() + " in " + repository.backend().location() +
                              " is listed and cannot be found: the storage contradicts itself")
        .with("snapshot", id.hex());
  }
}

// Those that are still there and not damaged.
std::vector<Snapshot> load_snapshots(Repository& repository, const std::vector<Id>& ids,
                                     const OnDamage& on_damage) {
  std::vector<Snapshot> all(ids.size());
  std::vector<Id> missing;
  std::mutex mutex;
  Workers workers(repository.reads_at_once(), 64);
  for (size_t i = 0; i < ids.size(); ++i) {
    workers.submit([&, i] {
      try {
        all[i] = load_snapshot(repository, ids[i]);
      } catch (const Error& error) {
        const std::lock_guard lock(mutex);
        if (error.code() == Code::not_found) return missing.push_back(ids[i]);
        if (error.code() != Code::corrupt || !on_damage) throw;
        on_damage(ids[i], error);
      }
    });
  }
  workers.finish();
  require_gone(repository, missing);
  std::erase_if(all, [](const Snapshot& snapshot) { return snapshot.id.is_null(); });
  return all;
}

void sort_oldest_first(std::vector<Snapshot>& snapshots) {
  std::sort(snapshots.begin(), snapshots.end(), [](const Snapshot& a, const Snapshot& b) {
    return std::tie(a.time, a.id) < std::tie(b.time, b.id);
  });
}

// One that cannot be read may be the latest: an older one is not taken for it unseen.
[[noreturn]] void fail_for(const Id& damaged, const Error& why,
                           const std::vector<Snapshot>& others) {
  const std::string advice = others.empty() ? "no other one matches; repair the snapshots"
                                            : "the latest that can be read is " +
                                                  others.back().id.hex() + ", name that one";
  throw Error(why.code(),
              "snapshot " + damaged.hex() + " cannot be read, and may be the latest one: " + advice)
      .with("snapshot", damaged.hex())
      .because(why);
}

Snapshot find_latest(Repository& repository, const SnapshotFilter& filter,
                     const OnDamage& on_damage = {}) {
  std::optional<std::pair<Id, Error>> damage;
  const OnDamage note = [&](const Id& id, const Error& error) { damage.emplace(id, error); };
  std::vector<Snapshot> snapshots =
      list_snapshots(repository, filter, on_damage ? on_damage : note);
  if (damage) fail_for(damage->first, damage->second, snapshots);
  if (snapshots.empty()) {
    throw Error(Code::not_found, "no snapshot in the repository at " +
                                     repository.backend().location() +
                                     " matches; list the snapshots to see what there is");
  }
  return std::move(snapshots.back());
}

}  // namespace

bool SnapshotFilter::is_empty() const {
  return hosts.empty() && tags.empty() && paths.empty() && tag_lists.empty();
}

bool SnapshotFilter::matches(const Snapshot& snapshot) const {
  const auto has_tags = [&](const std::vector<std::string>& list) {
    return snapshot.has_tags(list);
  };
  return (hosts.empty() || contains(hosts, snapshot.hostname)) && has_tags(tags) &&
         (tag_lists.empty() || std::ranges::any_of(tag_lists, has_tags)) &&
         contains_all(snapshot.paths, paths);
}

Snapshot load_snapshot(Repository& repository, const Id& id) {
  const Bytes json = repository.load_unpacked(FileType::snapshot, id);
  Snapshot snapshot = parse_snapshot(as_text(json), "snapshot " + id.hex());
  snapshot.id = id;
  return snapshot;
}

std::vector<Snapshot> list_snapshots(Repository& repository, const SnapshotFilter& filter,
                                     const OnDamage& on_damage) {
  std::vector<Snapshot> all =
      load_snapshots(repository, repository.list(FileType::snapshot), on_damage);
  std::erase_if(all, [&](const Snapshot& snapshot) { return !filter.matches(snapshot); });
  sort_oldest_first(all);
  return all;
}

std::vector<Snapshot> find_snapshots(Repository& repository, const std::vector<std::string>& names,
                                     const SnapshotFilter& filter, const OnDamage& on_damage) {
  if (names.empty()) return list_snapshots(repository, filter, on_damage);
  std::vector<Id> ids;
  for (const std::string& name : names) {
    if (name.find(':') != std::string::npos) {
      throw Error(Code::invalid_argument,
                  "\"" + name + "\" names a folder of a snapshot; name the whole snapshot");
    }
    ids.push_back(name == "latest" ? find_latest(repository, filter, on_damage).id
                                   : repository.find_by_prefix(FileType::snapshot, name));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<Snapshot> found = load_snapshots(repository, ids, on_damage);
  sort_oldest_first(found);
  return found;
}

SnapshotRef find_snapshot(Repository& repository, std::string_view name,
                          const SnapshotFilter& filter) {
  const size_t colon = std::min(name.find(':'), name.size());
  const std::string_view base = name.substr(0, colon);
  const std::string_view folder = name.substr(std::min(colon + 1, name.size()));
  SnapshotRef ref;
  ref.snapshot =
      base == "latest"
          ? find_latest(repository, filter)
          : load_snapshot(repository, repository.find_by_prefix(FileType::snapshot, base));
  ref.folder = clean_path(join_path("/", folder));
  ref.tree = ref.folder == "/" ? ref.snapshot.tree
                               : find_folder(repository, ref.snapshot.tree, ref.folder);
  return ref;
}

}  // namespace sapdr::core
