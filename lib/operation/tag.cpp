#include "operation/tag.hpp"

#include <algorithm>

#include "repository/verified.hpp"

namespace sapdr::core {

namespace {

using Tags = std::vector<std::string>;

bool contains(const Tags& tags, const std::string& tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

void add(Tags& tags, const Tags& more) {
  for (const std::string& tag : more) {
    if (!contains(tags, tag)) tags.push_back(tag);
  }
}

void require_sensible(const TagChange& change) {
  const auto refuse = [](const char* message) { throw Error(Code::invalid_argument, message); };
  const bool changes = !change.add.empty() || !change.remove.empty();
  if (change.set && changes) refuse("tags are either set, or added and removed");
  if (!change.set && !changes) refuse("no tags were given to be added, removed or set");
  const Tags none;
  for (const Tags* tags : {&change.add, &change.remove, change.set ? &*change.set : &none}) {
    if (contains(*tags, "")) refuse("a tag must not be empty");
  }
}

Tags changed_tags(const Tags& tags, const TagChange& change) {
  Tags changed;
  if (change.set) {
    add(changed, *change.set);
    return changed;
  }
  changed = tags;
  add(changed, change.add);
  std::erase_if(changed, [&](const std::string& tag) { return contains(change.remove, tag); });
  return changed;
}

// Ended at any point, the old snapshot is there, or the new one, or both.
Id replace(Repository& repository, const RepositoryLock& lock, const Snapshot& old,
           const Snapshot& changed, const VerifiedTimes& verified) {
  lock.check();
  const Id id = repository.save_unpacked(FileType::snapshot, snapshot_json(changed));
  const auto when = verified.snapshots.find(old.id);
  if (when != verified.snapshots.end()) {
    save_verified(repository, {{.time = when->second, .snapshots = {id}}});
  }
  try {
    lock.check();
    repository.backend().erase({FileType::snapshot, old.id.hex()});
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return id;  // somebody else did
    throw Error(error.code(),
                "snapshot " + id.short_hex() + " has the new tags, but the one that it replaces, " +
                    old.id.short_hex() + ", could not be removed; forget that one",
                error.retry())
        .with("snapshot", old.id.hex())
        .because(error);
  }
  return id;
}

}  // namespace

void tag(Repository& repository, const RepositoryLock& lock, const std::vector<Snapshot>& snapshots,
         const TagChange& change, TagResult& result, Progress& progress) {
  require_sensible(change);
  progress.phase(SAPDR_PHASE_WRITE);
  progress.expect(snapshots.size(), 0);
  const VerifiedTimes verified = load_verified(repository);
  for (const Snapshot& old : snapshots) {
    Snapshot changed = old;
    changed.tags = changed_tags(old.tags, change);
    if (!changed.original) changed.original = old.id;
    ItemEvent event{.object_type = "snapshot", .object_id = old.id.hex()};
    if (changed.tags == old.tags) {
      event.action = SAPDR_ITEM_UNCHANGED;
      ++result.unchanged;
    } else {
      event.action = SAPDR_ITEM_MODIFIED;
      event.snapshot_id = replace(repository, lock, old, changed, verified).hex();
      ++result.changed;
    }
    progress.item(event);
    progress.done(1, 0);
  }
}

}  // namespace sapdr::core
