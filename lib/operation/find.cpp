#include "operation/find.hpp"

#include <memory>
#include <unordered_map>

#include "operation/snapshot_path.hpp"
#include "operation/trees_ahead.hpp"
#include "operation/wanted_objects.hpp"

namespace sapdr::core {

namespace {

// Hits that are kept for the next snapshot with the same trees; beyond them trees are read again.
constexpr size_t max_remembered = 1 << 16;

class Finder {
 public:
  Finder(Repository& repository, const FindOptions& options,
         const std::function<void(const FindMatch&)>& each, FindResult& result, Progress& progress)
      : options_(options),
        wanted_(wanted_objects(repository.index(), options.blobs, options.trees, options.packs)),
        each_(each),
        result_(result),
        progress_(progress),
        trees_(repository) {}

  void search(const SnapshotRef& ref);

 private:
  // A tree, and what the folders above it mean for the patterns: where both are equal, so is what
  // is found.
  struct Place {
    Id tree;  // null: the folder has none
    uint32_t state;

    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const noexcept {
      return IdHash()(place.tree) ^ (size_t{place.state} * 0x9E3779B97F4A7C15U);
    }
  };
  struct Object {
    const char* type;
    Id id;
  };
  // An entry of a tree that is found, or below which something may be.
  struct Hit {
    Node node;  // without its content, which may be long
    uint64_t n_blobs = 0;
    bool is_match = false;  // of a pattern
    std::vector<Object> objects = {};
    std::optional<Place> below = {};

    bool is_found() const { return is_match || !objects.empty(); }
  };
  struct Folder {
    std::vector<Hit> hits;
    std::optional<Error> error;  // it cannot be read

    bool is_empty() const { return hits.empty() && !error; }
  };
  struct Level {
    std::string path;
    Place place;
    std::shared_ptr<Folder> folder;
    bool is_new;  // not known yet
    size_t at = 0;
  };

  uint32_t number_of(PatternList::State state);
  std::vector<Hit> hits_in(std::vector<Node> nodes, uint32_t state);
  bool is_match(const PatternList::State& state, const Node& node) const;
  std::vector<Object> objects_of(const Node& node) const;
  std::optional<Place> place_below(const PatternList::State& state, const Node& node);
  void tell(const std::string& path, const Hit& hit, const Id* tree);
  void enter(const std::string& path, const Place& place);
  std::shared_ptr<Folder> read(const Place& place);
  void leave();
  void load_ahead(const Level& level, size_t from);
  void failed(const std::string& path, const Error& error);

  const FindOptions& options_;
  const WantedObjects wanted_;
  const std::function<void(const FindMatch&)>& each_;
  FindResult& result_;
  Progress& progress_;
  const Snapshot* snapshot_ = nullptr;
  std::vector<PatternList::State> states_;
  std::unordered_map<PatternList::State, uint32_t> state_numbers_;
  std::unordered_map<Place, std::shared_ptr<Folder>, PlaceHash> known_;
  const std::shared_ptr<Folder> nothing_ = std::make_shared<Folder>();
  size_t n_remembered_ = 0;
  std::vector<Level> levels_;
  std::unordered_map<Place, TreesAhead::Tree, PlaceHash> ahead_;
  TreesAhead trees_;
};

void Finder::search(const SnapshotRef& ref) {
  snapshot_ = &ref.snapshot;
  ++result_.snapshots;
  if (wanted_.trees.contains(ref.tree)) {
    Hit root;
    root.node.type = NodeType::dir;
    root.objects = {{"tree", ref.tree}};
    tell("/", root, nullptr);
  }
  enter("/", {ref.tree, number_of(options_.patterns.root())});
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.at == level.folder->hits.size()) {
      leave();
      continue;
    }
    const std::shared_ptr<Folder> folder = level.folder;
    const Hit& hit = folder->hits[level.at++];
    const std::string path = join_path(level.path, hit.node.name);
    tell(path, hit, &level.place.tree);
    if (!hit.below) continue;
    if (level.is_new) load_ahead(level, level.at - 1);
    enter(path, *hit.below);
  }
}

uint32_t Finder::number_of(PatternList::State state) {
  const auto number = static_cast<uint32_t>(states_.size());
  const auto [at, is_new] = state_numbers_.try_emplace(std::move(state), number);
  if (is_new) states_.push_back(at->first);
  return at->second;
}

std::vector<Finder::Hit> Finder::hits_in(std::vector<Node> nodes, uint32_t number) {
  const PatternList::State state = states_[number];
  std::vector<Hit> hits;
  for (Node& node : nodes) {
    Hit hit;
    hit.is_match = is_match(state, node);
    hit.objects = objects_of(node);
    hit.below = place_below(state, node);
    if (!hit.is_found() && !hit.below) continue;
    hit.n_blobs = node.content.size();
    node.content = {};
    hit.node = std::move(node);
    hits.push_back(std::move(hit));
  }
  return hits;
}

bool Finder::is_match(const PatternList::State& state, const Node& node) const {
  if (options_.oldest && node.mtime < *options_.oldest) return false;
  if (options_.newest && node.mtime > *options_.newest) return false;
  return options_.patterns.matches(state, node.name, node.type == NodeType::dir);
}

std::vector<Finder::Object> Finder::objects_of(const Node& node) const {
  std::vector<Object> objects;
  if (node.type == NodeType::dir && node.subtree && wanted_.trees.contains(*node.subtree)) {
    objects.push_back({"tree", *node.subtree});
  }
  if (wanted_.data.empty()) return objects;
  WantedObjects::Ids seen;  // a file may have a blob in many places
  for (const Id& id : node.content) {
    if (wanted_.data.contains(id) && seen.insert(id).second) objects.push_back({"blob", id});
  }
  return objects;
}

std::optional<Finder::Place> Finder::place_below(const PatternList::State& state,
                                                 const Node& node) {
  if (node.type != NodeType::dir) return std::nullopt;
  PatternList::State below = options_.patterns.below(state, node.name);
  if (wanted_.empty() && !options_.patterns.could_match(below)) return std::nullopt;
  return Place{node.subtree.value_or(Id()), number_of(std::move(below))};
}

void Finder::tell(const std::string& path, const Hit& hit, const Id* tree) {
  progress_.checkpoint();
  if (hit.is_match) {
    ++result_.matches;
    each_({*snapshot_, path, hit.node, hit.n_blobs, nullptr, nullptr, tree});
  }
  for (const Object& object : hit.objects) {
    ++result_.matches;
    each_({*snapshot_, path, hit.node, hit.n_blobs, object.type, &object.id, tree});
  }
}

void Finder::enter(const std::string& path, const Place& place) {
  if (levels_.size() >= max_folder_depth) {
    return failed(path,
                  Error(Code::corrupt, path + " is nested more than " +
                                           std::to_string(max_folder_depth) + " folders deep"));
  }
  if (place.tree.is_null()) {
    return failed(path, Error(Code::corrupt, path + " is a folder without a tree"));
  }
  const auto known = known_.find(place);
  const bool is_new = known == known_.end();
  std::shared_ptr<Folder> folder = is_new ? read(place) : known->second;
  if (folder->error) return failed(path, *folder->error);
  levels_.push_back({path, place, std::move(folder), is_new});
}

std::shared_ptr<Finder::Folder> Finder::read(const Place& place) {
  TreesAhead::Tree tree{place.tree};
  if (const auto at = ahead_.find(place); at != ahead_.end()) {
    tree = std::move(at->second);
    ahead_.erase(at);
  }
  auto folder = std::make_shared<Folder>();
  try {
    folder->hits = hits_in(trees_.take(tree), place.state);
    ++result_.trees;
    progress_.done(1, 0);
  } catch (const Error& error) {
    if (!is_about_tree(error)) throw;
    folder->error = error;
    known_.emplace(place, folder);
  }
  return folder;
}

// What was found in a folder is remembered, and that nothing was found in it first of all.
void Finder::leave() {
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  if (!level.is_new) return;
  std::vector<Hit>& hits = level.folder->hits;
  std::erase_if(hits, [&](const Hit& hit) {
    if (hit.is_found()) return false;
    const auto below = known_.find(*hit.below);
    return below != known_.end() && below->second->is_empty();
  });
  if (hits.empty()) {
    known_.emplace(level.place, nothing_);
  } else if (n_remembered_ + hits.size() <= max_remembered) {
    n_remembered_ += hits.size();
    known_.emplace(level.place, level.folder);
  }
}

// The trees that are entered next from a folder, beginning with the hit `from`.
void Finder::load_ahead(const Level& level, size_t from) {
  const std::vector<Hit>& hits = level.folder->hits;
  size_t n = 0;
  for (size_t i = from; i < hits.size() && n < trees_.per_folder(); ++i) {
    if (!hits[i].below) continue;
    const Place& place = *hits[i].below;
    ++n;
    if (place.tree.is_null() || known_.contains(place) || ahead_.contains(place)) continue;
    TreesAhead::Tree tree{place.tree};
    if (!trees_.start(tree)) return;
    ahead_.emplace(place, std::move(tree));
  }
}

void Finder::failed(const std::string& path, const Error& error) {
  ++result_.failed;
  progress_.count_error();
  progress_.item({.action = SAPDR_ITEM_FAILED,
                  .path = path,
                  .error = &error,
                  .snapshot_id = snapshot_->id.hex()});
}

}  // namespace

void find(Repository& repository, const std::vector<SnapshotRef>& snapshots,
          const FindOptions& options, const std::function<void(const FindMatch&)>& each,
          FindResult& result, Progress& progress) {
  if (options.patterns.empty() && options.blobs.empty() && options.trees.empty() &&
      options.packs.empty()) {
    throw Error(Code::invalid_argument, "nothing is looked for; give a pattern or an id");
  }
  if (options.oldest && options.newest && *options.oldest > *options.newest) {
    throw Error(Code::invalid_argument, "\"oldest\" is later than \"newest\"; nothing can match");
  }
  progress.phase(SAPDR_PHASE_CHECK);
  Finder finder(repository, options, each, result, progress);
  for (const SnapshotRef& ref : snapshots) finder.search(ref);
  if (result.failed == 0) return;
  throw Error(Code::incomplete, std::to_string(result.failed) +
                                    " folders could not be searched; check the repository");
}

}  // namespace sapdr::core
