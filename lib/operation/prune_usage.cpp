#include "operation/prune_usage.hpp"

#include <mutex>
#include <utility>

#include "repository/trees.hpp"

namespace sapdr::core {

PruneUsage::PruneUsage(Repository& repository, std::unordered_set<Id, IdHash> without)
    : repository_(repository), ignored_(std::move(without)), used_(repository.index()) {}

Error PruneUsage::outdated() {
  return Error(Code::invalid_state,
               "another process pruned the repository meanwhile; plan the prune again", Retry::yes);
}

void PruneUsage::visit(const Id& tree, const std::vector<Node>& nodes) {
  for (const Node& node : nodes) {
    for (const Id& id : node.content) {
      if (!used_.insert(id, BlobType::data)) continue;
      if (repository_.index().contains(id, BlobType::data)) continue;
      throw Error(Code::corrupt, "data blob " + id.hex() + " of tree " + tree.hex() +
                                     " is in no pack that the index names; check and repair the "
                                     "repository before it is pruned")
          .with("blob", id.hex());
    }
  }
}

void PruneUsage::add_snapshots(Progress& progress) {
  std::vector<Id> roots;
  for (const Snapshot& snapshot : list_snapshots(repository_, {})) {
    if (ignored_.contains(snapshot.id)) continue;
    if (seen_.insert(snapshot.id).second) roots.push_back(snapshot.tree);
  }
  // Behind the snapshots: whoever stored one has stored its index before.
  const uint64_t generation = repository_.index().generation();
  repository_.load_index(progress);
  if (repository_.index().generation() != generation) {
    throw outdated();
  }
  std::mutex mutex;
  const auto visit_one = [&](const Id& tree, const std::vector<Node>* nodes, const Error* error) {
    if (nodes == nullptr) throw *error;
    progress.done(1, 0);
    const std::lock_guard lock(mutex);
    visit(tree, *nodes);
  };
  n_snapshots_ += roots.size();
  visit_trees(repository_, std::move(roots), used_, visit_one, progress);
}

void PruneUsage::count(const std::vector<bool>& pack_is_right, Progress& progress) {
  const BlobIndex& index = repository_.index();
  const auto n_packs = static_cast<uint32_t>(index.n_packs());
  packs_.assign(n_packs, {});
  // First what is there once, so that copies can be judged by the packs they are in.
  std::vector<bool> seen(index.n_blobs());
  has_copies_.assign(index.n_blobs(), false);
  const auto each_place = [&](auto visit) {
    for (uint32_t pack = 0; pack < n_packs; ++pack) {
      progress.checkpoint();
      for (const BlobPlace& place : index.blobs_in(pack)) {
        visit(place, index.number_of(place.id, place.type).value());
      }
    }
  };
  each_place([&](const BlobPlace&, uint32_t number) {
    if (seen[number]) has_copies_[number] = true;
    seen[number] = true;
  });
  each_place([&](const BlobPlace& place, uint32_t number) {
    if (!has_copies_[number] && is_used(place)) packs_[place.pack].used_bytes += place.length;
  });
  each_place([&](const BlobPlace& place, uint32_t number) {
    if (has_copies_[number] && is_used(place)) choose_among(place, number, pack_is_right);
  });
  for (PackUsage& pack : packs_) pack = {};
  std::vector<bool> has_type[2] = {std::vector<bool>(n_packs), std::vector<bool>(n_packs)};
  each_place([&](const BlobPlace& place, uint32_t) {
    PackUsage& pack = packs_[place.pack];
    has_type[static_cast<size_t>(place.type)][place.pack] = true;
    if (counts(place)) {
      ++pack.used_blobs;
      pack.used_bytes += place.length;
      return;
    }
    ++pack.unused_blobs;
    pack.unused_bytes += place.length;
    if (!is_used(place)) return;
    ++duplicate_blobs_;
    duplicate_bytes_ += place.length;
  });
  for (uint32_t i = 0; i < n_packs; ++i) packs_[i].is_mixed = has_type[0][i] && has_type[1][i];
}

// Of copies the one in the fullest pack counts, so that others become empty.
void PruneUsage::choose_among(const BlobPlace& place, uint32_t number,
                              const std::vector<bool>& pack_is_right) {
  const auto worth = [&](uint32_t pack) {
    return std::pair(bool{pack_is_right[pack]}, packs_[pack].used_bytes);
  };
  const auto [at, is_first] = chosen_.try_emplace(number, place.pack);
  if (!is_first && worth(place.pack) > worth(at->second)) at->second = place.pack;
}

bool PruneUsage::counts(const BlobPlace& place) const {
  if (!is_used(place)) return false;
  const auto number = repository_.index().number_of(place.id, place.type);
  const auto chosen = chosen_.find(number.value());
  return chosen == chosen_.end() || chosen->second == place.pack;
}

}  // namespace sapdr::core
