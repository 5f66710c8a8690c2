#include "operation/copy.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "repository/blob_fetcher.hpp"
#include "repository/blob_set.hpp"
#include "repository/blob_writer.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

using IdSet = std::unordered_set<Id, IdHash>;

bool same_in_any_order(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// Whether one is a copy of the other, as restic judges it: all but parent and original agree.
bool is_same(const Snapshot& a, const Snapshot& b) {
  return a.time == b.time && a.tree == b.tree && a.hostname == b.hostname &&
         a.username == b.username && a.uid == b.uid && a.gid == b.gid && a.excludes == b.excludes &&
         same_in_any_order(a.paths, b.paths) && same_in_any_order(a.tags, b.tags);
}

Id original_of(const Snapshot& snapshot) {
  return snapshot.original.value_or(snapshot.id);
}

// What the destination lacks of one snapshot.
struct Missing {
  std::vector<BlobPlace> blobs;  // places in the source, pack by pack
  std::vector<Id> trees;         // that were looked at
  std::optional<Error> damage;   // what of it cannot be read, if anything
};

class Copy {
 public:
  Copy(const LockedRepository& source, const LockedRepository& destination, bool dry_run,
       CopyResult& result, Progress& progress)
      : source_(source),
        destination_(destination),
        dry_run_(dry_run),
        result_(result),
        progress_(progress),
        copied_trees_(source.repository.index()) {}

  // Must be known before the first copy_snapshot().
  void note_copies();
  void copy_snapshot(const Snapshot& snapshot);
  void fail(const Id& snapshot, const Error& error);

 private:
  const Snapshot* find_copy(const Snapshot& snapshot) const;
  Missing collect(const Snapshot& snapshot);
  void need(const Id& id, BlobType type, Missing& missing);
  void plan(const Missing& missing);
  void transfer(const Snapshot& snapshot, Missing& missing);
  void store(const Snapshot& snapshot);

  const LockedRepository& source_;
  const LockedRepository& destination_;
  const bool dry_run_;
  CopyResult& result_;
  Progress& progress_;
  std::unordered_multimap<Id, Snapshot, IdHash> copies_;  // in the destination, by original
  BlobSet copied_trees_;                                  // with all that is below them
  // Of the snapshot that is being copied; in a dry run, of those before it as well.
  IdSet needed_data_;
  std::mutex mutex_;
};

void Copy::note_copies() {
  for (Snapshot& snapshot : list_snapshots(destination_.repository, {})) {
    if (snapshot.original) copies_.emplace(*snapshot.original, snapshot);
    copies_.emplace(snapshot.id, std::move(snapshot));
  }
}

const Snapshot* Copy::find_copy(const Snapshot& snapshot) const {
  const auto [begin, end] = copies_.equal_range(original_of(snapshot));
  const auto found =
      std::find_if(begin, end, [&](const auto& entry) { return is_same(entry.second, snapshot); });
  return found == end ? nullptr : &found->second;
}

void Copy::fail(const Id& snapshot, const Error& error) {
  ++result_.snapshots_failed;
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED,
                  .error = &error,
                  .object_type = "snapshot",
                  .object_id = snapshot.hex()});
}

// Caller holds mutex_.
void Copy::need(const Id& id, BlobType type, Missing& missing) {
  if (destination_.repository.index().contains(id, type)) return;
  const auto place = source_.repository.index().find(id, type);
  if (!place) {
    missing.damage = Error(Code::corrupt, std::string(to_string(type)) + " blob " + id.hex() +
                                              " is not in the index of the source")
                         .with("blob", id.hex());
  } else if (type == BlobType::tree || needed_data_.insert(id).second) {
    missing.blobs.push_back(*place);
  }
}

// Looks at every tree that was not copied by this run: one that the destination has may still lack
// what is below it, if the run that stored it was ended.
Missing Copy::collect(const Snapshot& snapshot) {
  Missing missing;
  const auto visit = [&](const Id& tree, const std::vector<Node>* nodes, const Error* error) {
    source_.lock.check();
    const std::lock_guard lock(mutex_);
    missing.trees.push_back(tree);
    if (nodes == nullptr) {
      missing.damage = *error;
      return;
    }
    need(tree, BlobType::tree, missing);
    for (const Node& node : *nodes) {
      for (const Id& id : node.content) need(id, BlobType::data, missing);
    }
  };
  try {
    BlobSet seen = copied_trees_;
    visit_trees(source_.repository, {snapshot.tree}, seen, visit, progress_);
  } catch (const Error& error) {
    if (is_fatal(error)) throw;
    missing.damage = error;
  }
  std::sort(missing.blobs.begin(), missing.blobs.end(), [](const BlobPlace& a, const BlobPlace& b) {
    return std::tie(a.pack, a.offset) < std::tie(b.pack, b.offset);
  });
  return missing;
}

void Copy::plan(const Missing& missing) {
  for (const BlobPlace& place : missing.blobs) {
    ++(place.type == BlobType::tree ? result_.tree_blobs_new : result_.data_blobs_new);
    result_.bytes_new += place.plain_length;
  }
}

// From the source's packs into packs of the destination. A blob that cannot be read is the damage
// of the snapshot; what was stored until then is indexed, since other snapshots may need it.
void Copy::transfer(const Snapshot& snapshot, Missing& missing) {
  const std::string current = "snapshot " + snapshot.id.short_hex();
  std::atomic<bool> is_damaged{false};
  BlobWriter writer(destination_.repository, destination_.lock, false);
  BlobsToFetch blobs;
  blobs.size = missing.blobs.size();
  blobs.place = [&](size_t blob) -> const BlobPlace& { return missing.blobs[blob]; };
  blobs.is_needed = [&](size_t) {
    source_.lock.check();
    return !is_damaged;
  };
  blobs.take = [&](size_t blob, const FetchedBlob& fetched) {
    const BlobPlace& place = missing.blobs[blob];
    writer.save(place.type, place.id, fetched.plain);
    progress_.done(1, place.length, current);
  };
  blobs.lose = [&](size_t, const Error& error) {
    const std::lock_guard lock(mutex_);
    is_damaged = true;
    missing.damage = error;
  };
  BlobFetcher fetcher(source_.repository, progress_);
  const auto count = [&] {
    const WriteCounts counts = writer.counts();
    result_.data_blobs_new += counts.data_blobs;
    result_.tree_blobs_new += counts.tree_blobs;
    result_.bytes_new += counts.plain_bytes;
    result_.bytes_stored += counts.stored_bytes;
    result_.packs_new += counts.packs;
    result_.bytes_fetched += fetcher.bytes_fetched();
  };
  try {
    fetcher.run(std::move(blobs));
    writer.finish();
  } catch (...) {
    count();
    throw;
  }
  count();
}

void Copy::store(const Snapshot& snapshot) {
  Snapshot copied = snapshot;
  copied.parent.reset();  // it means nothing there
  copied.original = original_of(snapshot);
  if (!dry_run_) {
    destination_.lock.check();
    progress_.checkpoint();
    copied.id = destination_.repository.save_unpacked(FileType::snapshot, snapshot_json(copied));
  }
  ++result_.snapshots_copied;
  progress_.item({.action = SAPDR_ITEM_NEW,
                  .object_type = "snapshot",
                  .object_id = snapshot.id.hex(),
                  .snapshot_id = dry_run_ ? std::string() : copied.id.hex()});
  copies_.emplace(*copied.original, std::move(copied));
}

void Copy::copy_snapshot(const Snapshot& snapshot) {
  progress_.checkpoint();
  if (const Snapshot* copied = find_copy(snapshot)) {
    ++result_.snapshots_skipped;
    return progress_.item({.action = SAPDR_ITEM_SKIPPED,
                           .object_type = "snapshot",
                           .object_id = snapshot.id.hex(),
                           .snapshot_id = copied->id.hex(),
                           .message = "it was copied before"});
  }
  Missing missing = collect(snapshot);
  if (!missing.damage) {
    for (const BlobPlace& place : missing.blobs) progress_.expect(1, place.length);
    if (dry_run_) {
      plan(missing);
    } else {
      transfer(snapshot, missing);
    }
  }
  if (!dry_run_ || missing.damage) {
    for (const BlobPlace& place : missing.blobs) needed_data_.erase(place.id);
  }
  if (missing.damage) return fail(snapshot.id, *missing.damage);
  for (const Id& tree : missing.trees) copied_trees_.insert(tree, BlobType::tree);
  store(snapshot);
}

}  // namespace

void copy(const LockedRepository& source, const LockedRepository& destination,
          const CopyOptions& options, CopyResult& result, Progress& progress) {
  if (!options.dry_run) destination.lock.require_held();
  // Before the index: whoever stored a snapshot has stored its index before.
  std::vector<std::pair<Id, Error>> damaged;
  const std::vector<Snapshot> snapshots =
      find_snapshots(source.repository, options.snapshots, options.filter,
                     [&](const Id& id, const Error& error) { damaged.emplace_back(id, error); });
  // A damaged index fails only the snapshots whose blobs nothing else names.
  source.repository.load_index(progress, [&](const Id& id, const Error& error) {
    progress.damaged("index", id.hex(), error);
  });
  Copy copy(source, destination, options.dry_run, result, progress);
  copy.note_copies();
  for (const auto& [id, error] : damaged) copy.fail(id, error);
  progress.phase(SAPDR_PHASE_READ);
  for (const Snapshot& snapshot : snapshots) copy.copy_snapshot(snapshot);
  if (result.snapshots_failed > 0) {
    throw Error(Code::incomplete, std::to_string(result.snapshots_failed) +
                                      " snapshots could not be copied; the items say why");
  }
}

}  // namespace sapdr::core
