#include "operation/check.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/path.hpp"
#include "base/workers.hpp"
#include "format/key.hpp"
#include "operation/rolling.hpp"
#include "operation/subset.hpp"
#include "repository/load_named.hpp"
#include "repository/pack_reader.hpp"
#include "repository/snapshots.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

namespace {

using IdSet = std::unordered_set<Id, IdHash>;

// One run. Each step adds to what is known to be damaged; the last one finds out what that affects.
class Check {
 public:
  Check(Repository& repository, CheckResult& result, Progress& progress)
      : repository_(repository), result_(result), progress_(progress) {}

  void keys();
  void snapshots();
  void index();
  void packs();
  void trees();
  void data(const Subset& subset, const CheckOptions& options);
  void affected();
  void remember();

 private:
  void problem(const char* type, const std::string& id, const Error& error);
  void damage(const BlobPlace& place);
  bool is_lost(const Id& id, BlobType type) const;
  void look_at_snapshot(const Id& id);
  void read_one(const Subset::Pack& pack);
  void list_affected(const Snapshot& snapshot);
  bool reaches_damage(const Id& tree, std::unordered_map<Id, bool, IdHash>& known);

  Repository& repository_;
  CheckResult& result_;
  Progress& progress_;
  std::mutex mutex_;
  std::vector<Snapshot> snapshots_;
  std::unordered_map<Id, uint64_t, IdHash> stored_packs_;  // and their sizes
  std::optional<Rolling> rolling_;                         // once the index is known
  std::unordered_set<uint32_t> bad_packs_;                 // told already
  std::unordered_map<Id, size_t, IdHash> damaged_copies_;  // of blobs
  IdSet unreadable_trees_;
};

Error corrupt(std::string message) {
  return Error(Code::corrupt, std::move(message));
}

void Check::problem(const char* type, const std::string& id, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    ++result_.problems;
  }
  progress_.count_error();
  progress_.damaged(type, id, error);
}

void Check::damage(const BlobPlace& place) {
  const std::lock_guard lock(mutex_);
  ++damaged_copies_[place.id];
}

// A blob is lost when no copy of it is left.
bool Check::is_lost(const Id& id, BlobType type) const {
  const auto damaged = damaged_copies_.find(id);
  const size_t copies = repository_.index().find_all(id, type).size();
  return damaged == damaged_copies_.end() ? copies == 0 : damaged->second >= copies;
}

void Check::keys() {
  for (const Id& id : repository_.list(FileType::key)) {
    const std::string what = "key " + id.hex();
    try {
      const auto [stored, is_right] =
          load_named(repository_.backend(), {FileType::key, id.hex()}, id, 1 << 20);
      parse_key_file(as_text(stored), what);
      if (!is_right) throw corrupt(what + " has other content than its name says");
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      problem("key", id.hex(), error);
    }
  }
}

void Check::snapshots() {
  const std::vector<Id> ids = repository_.list(FileType::snapshot);
  Workers workers(repository_.reads_at_once(), 64);
  for (const Id& id : ids) {
    workers.submit([this, &id] { look_at_snapshot(id); });
  }
  workers.finish();
  std::ranges::sort(snapshots_, {}, &Snapshot::id);
}

void Check::look_at_snapshot(const Id& id) {
  const auto is_listed = [&] {
    const std::vector<Id> now = repository_.list(FileType::snapshot);
    return std::binary_search(now.begin(), now.end(), id);
  };
  progress_.checkpoint();
  try {
    Snapshot snapshot = load_snapshot(repository_, id);
    const std::lock_guard lock(mutex_);
    snapshots_.push_back(std::move(snapshot));
    ++result_.snapshots;
  } catch (const Error& error) {
    if (error.code() == Code::not_found && !is_listed()) return;  // forgotten meanwhile
    if (!is_damage(error)) throw;
    problem("snapshot", id.hex(), error);
  }
}

void Check::index() {
  repository_.load_index(
      progress_, [&](const Id& id, const Error& error) { problem("index", id.hex(), error); });
  if (repository_.index().n_packs() == 0 && result_.problems == 0) return;
  result_.packs = repository_.index().n_packs();
}

void Check::packs() {
  std::unordered_map<Id, UnixNs, IdHash> modified;
  repository_.backend().list(FileType::pack, [&](const ObjectInfo& pack) {
    const auto id = Id::parse(pack.name);
    if (!id) return;
    stored_packs_.emplace(*id, pack.size);
    modified.emplace(*id, pack.modified);
  });
  rolling_.emplace(repository_, std::move(modified));
  const BlobIndex& index = repository_.index();
  IdSet named;
  for (uint32_t number = 0; number < index.n_packs(); ++number) {
    progress_.checkpoint();
    const Id pack = index.pack_id(number);
    named.insert(pack);
    const std::vector<BlobPlace> blobs = index.blobs_in(number);
    const auto stored = stored_packs_.find(pack);
    const uint64_t expected = expected_pack_size(blobs);
    if (stored != stored_packs_.end() && stored->second == expected) continue;
    bad_packs_.insert(number);
    rolling_->damaged(pack);
    if (stored == stored_packs_.end()) {
      problem("pack", pack.hex(), corrupt("pack " + pack.hex() + " is missing"));
      for (const BlobPlace& place : blobs) damage(place);
    } else {
      problem("pack", pack.hex(),
              corrupt("pack " + pack.hex() + " has " + std::to_string(stored->second) +
                      " bytes instead of " + std::to_string(expected)));
      for (const BlobPlace& place : read_pack(repository_, pack, blobs).damaged) damage(place);
    }
  }
  for (const auto& [pack, size] : stored_packs_) {
    if (!named.contains(pack)) ++result_.packs_unreferenced;
  }
}

void Check::trees() {
  std::vector<Id> roots;
  for (const Snapshot& snapshot : snapshots_) roots.push_back(snapshot.tree);
  IdSet missing;
  const auto visit = [&](const Id& tree, const std::vector<Node>* nodes, const Error* error) {
    progress_.done(1, 0);
    if (nodes == nullptr) {
      {
        const std::lock_guard lock(mutex_);
        unreadable_trees_.insert(tree);
      }
      return problem("tree", tree.hex(), *error);
    }
    {
      const std::lock_guard lock(mutex_);
      ++result_.trees;
    }
    for (const Node& node : *nodes) {
      if (!is_safe_name(node.name)) {
        problem("tree", tree.hex(),
                corrupt("tree " + tree.hex() + " holds the unsafe name \"" + node.name + "\""));
      }
      for (const Id& id : node.content) {
        if (repository_.index().contains(id, BlobType::data)) continue;
        {
          const std::lock_guard lock(mutex_);
          if (!missing.insert(id).second) continue;
        }
        problem("blob", id.hex(),
                corrupt("data blob " + id.hex() + " is in no pack that the index names"));
      }
    }
  };
  BlobSet seen(repository_.index());
  visit_trees(repository_, std::move(roots), seen, visit, progress_);
}

void Check::data(const Subset& subset, const CheckOptions& options) {
  progress_.phase(SAPDR_PHASE_VERIFY);
  const BlobIndex& index = repository_.index();
  std::vector<Subset::Pack> packs;
  for (uint32_t number = 0; number < index.n_packs(); ++number) {
    const auto stored = stored_packs_.find(index.pack_id(number));
    if (stored == stored_packs_.end()) continue;
    packs.push_back({number, index.pack_id(number), stored->second});
  }
  const bool is_rolling =
      options.budget_bytes > 0 || options.budget_time.count() > 0 || options.max_age.count() > 0;
  packs = is_rolling ? rolling_->choose(std::move(packs), options)
                     : subset.choose(std::move(packs), repository_.context());
  for (const Subset::Pack& pack : packs) progress_.expect(1, pack.size);
  const auto begun = std::chrono::steady_clock::now();
  Workers workers(repository_.reads_at_once(), 1);
  for (const Subset::Pack& pack : packs) {
    const bool is_time_up = options.budget_time.count() > 0 && &pack != &packs.front() &&
                            std::chrono::steady_clock::now() - begun >= options.budget_time;
    if (is_time_up) break;
    workers.submit([this, &pack] { read_one(pack); });
  }
  workers.finish();
}

void Check::read_one(const Subset::Pack& pack) {
  progress_.checkpoint();
  const PackReport report =
      read_pack(repository_, pack.id, repository_.index().blobs_in(pack.number));
  {
    const std::lock_guard lock(mutex_);
    ++result_.packs_read;
    result_.bytes_read += report.bytes;
  }
  progress_.done(1, report.bytes);
  if (bad_packs_.contains(pack.number)) return;
  if (report.problems.empty()) return rolling_->proven(pack.id);
  rolling_->damaged(pack.id);
  std::string message = report.problems.front();
  if (report.problems.size() > 1) {
    message += " (and " + std::to_string(report.problems.size() - 1) + " more problems in it)";
  }
  problem("pack", pack.id.hex(), corrupt(std::move(message)));
  for (const BlobPlace& place : report.damaged) damage(place);
}

// Whether damage lies in a tree or below it. Asked bottom-up, each tree once.
bool Check::reaches_damage(const Id& root, std::unordered_map<Id, bool, IdHash>& known) {
  struct Step {
    Id tree;
    bool damaged;
    std::vector<Id> below;
  };
  const auto open = [&](const Id& tree) {
    Step step{tree, unreadable_trees_.contains(tree) || is_lost(tree, BlobType::tree), {}};
    if (step.damaged) return step;
    for (const Node& node : load_tree(repository_, tree)) {
      if (node.subtree) step.below.push_back(*node.subtree);
      step.damaged |= std::any_of(node.content.begin(), node.content.end(),
                                  [&](const Id& id) { return is_lost(id, BlobType::data); });
    }
    return step;
  };
  std::vector<Step> stack;
  if (!known.contains(root)) stack.push_back(open(root));
  while (!stack.empty()) {
    progress_.checkpoint();
    Step& step = stack.back();
    if (step.below.empty()) {
      known[step.tree] = step.damaged;
      const bool damaged = step.damaged;
      stack.pop_back();
      if (!stack.empty()) stack.back().damaged |= damaged;
      continue;
    }
    const Id next = step.below.back();
    step.below.pop_back();
    const auto at = known.find(next);
    if (at == known.end()) {
      stack.push_back(open(next));
    } else {
      step.damaged |= at->second;
    }
  }
  return known[root];
}

void Check::list_affected(const Snapshot& snapshot) {
  std::unordered_map<Id, bool, IdHash> known;
  if (!reaches_damage(snapshot.tree, known)) return;
  ++result_.snapshots_affected;
  rolling_->affected(snapshot.id);
  std::vector<std::pair<Id, std::string>> folders{{snapshot.tree, "/"}};
  const auto tell = [&](const std::string& path, uint64_t size, const char* message) {
    progress_.item({.action = SAPDR_ITEM_AFFECTED,
                    .path = path,
                    .size = size,
                    .snapshot_id = snapshot.id.hex(),
                    .message = message});
  };
  while (!folders.empty()) {
    const auto [tree, path] = std::move(folders.back());
    folders.pop_back();
    if (unreadable_trees_.contains(tree) || is_lost(tree, BlobType::tree)) {
      tell(path, 0, "the folder and everything in it cannot be restored");
      continue;
    }
    for (const Node& node : load_tree(repository_, tree)) {
      const std::string node_path = join_path(path, node.name);
      if (node.subtree && known[*node.subtree]) folders.emplace_back(*node.subtree, node_path);
      const bool lost = std::any_of(node.content.begin(), node.content.end(),
                                    [&](const Id& id) { return is_lost(id, BlobType::data); });
      if (!lost) continue;
      ++result_.files_affected;
      tell(node_path, node.size, "the file cannot be restored whole");
    }
  }
}

void Check::affected() {
  if (result_.problems == 0) return;
  progress_.phase(SAPDR_PHASE_FINISH);
  for (const Snapshot& snapshot : snapshots_) list_affected(snapshot);
}

void Check::remember() {
  std::vector<Id> packs;
  for (uint32_t number = 0; number < repository_.index().n_packs(); ++number) {
    packs.push_back(repository_.index().pack_id(number));
  }
  std::vector<Id> snapshots;
  for (const Snapshot& snapshot : snapshots_) snapshots.push_back(snapshot.id);
  try {
    rolling_->finish(packs, snapshots, result_);
  } catch (const Error& error) {
    // What was found is worth more than that it was noted.
    repository_.context().log(
        LogLevel::warning, "check",
        "what was verified could not be recorded and will be read again: " + error.message());
  }
}

}  // namespace

void check(Repository& repository, const CheckOptions& options, CheckResult& result,
           Progress& progress) {
  const Subset subset(options.subset);
  progress.phase(SAPDR_PHASE_CHECK);
  const Repository::ReadAnew anew(repository);
  Check check(repository, result, progress);
  check.keys();
  check.snapshots();  // before the index: that of a snapshot which comes later would be missing
  check.index();
  check.packs();
  check.trees();
  if (options.read_data || !options.subset.empty()) check.data(subset, options);
  check.affected();
  check.remember();
  if (result.problems > 0) {
    throw Error(Code::corrupt, "the repository at " + repository.backend().location() +
                                   " is damaged: " + std::to_string(result.problems) +
                                   " problems, " + std::to_string(result.snapshots_affected) +
                                   " snapshots affected; " +
                                   "back up again what is still there, then repair");
  }
}

}  // namespace sapdr::core
