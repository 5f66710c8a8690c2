#include "repository/blob_index.hpp"

#include "base/error.hpp"
#include "crypto/cipher.hpp"

namespace sapdr::core {

namespace {
constexpr uint32_t tree_bit = 1U << 31;
}

uint32_t BlobIndex::add(const Id& pack, const std::vector<PackedBlob>& blobs) {
  for (const PackedBlob& blob : blobs) {
    if (blob.length < seal_overhead || (blob.length & tree_bit) != 0) {
      throw Error(Code::corrupt,
                  "blob " + blob.id.hex() + " has an impossible length in the index");
    }
  }
  const std::unique_lock lock(mutex_);
  const std::optional<uint32_t> known = number_of_pack(pack);
  const uint32_t number = known.value_or(static_cast<uint32_t>(packs_.size()));
  Run run{static_cast<uint32_t>(entries_.size()), 0};
  for (const PackedBlob& blob : blobs) run.count += insert(number, blob) ? 1 : 0;
  if (!known) {
    packs_.push_back({pack, run});
    pack_table_.insert(pack, number, [&](uint32_t at) -> const Id& { return packs_[at].id; });
  } else if (run.count > 0) {
    second_runs_.push_back({number, run});
  }
  return number;
}

void BlobIndex::clear() {
  const std::unique_lock lock(mutex_);
  ++generation_;
  entries_.clear();
  entry_table_.clear();
  packs_.clear();
  pack_table_.clear();
  second_runs_.clear();
}

uint64_t BlobIndex::generation() const {
  const std::shared_lock lock(mutex_);
  return generation_;
}

BlobPlace BlobIndex::place(const Entry& entry) {
  BlobPlace place;
  place.id = entry.id;
  place.pack = entry.pack;
  place.type = (entry.length_and_type & tree_bit) != 0 ? BlobType::tree : BlobType::data;
  place.offset = entry.offset;
  place.length = entry.length_and_type & ~tree_bit;
  place.compressed = entry.plain_length != 0;
  place.plain_length =
      place.compressed ? entry.plain_length : place.length - static_cast<uint32_t>(seal_overhead);
  return place;
}

bool BlobIndex::is(const Entry& entry, const Id& id, BlobType type) {
  return ((entry.length_and_type & tree_bit) != 0) == (type == BlobType::tree) && entry.id == id;
}

// False if the place is known already.
bool BlobIndex::insert(uint32_t pack, const PackedBlob& blob) {
  bool is_known = false;
  entry_table_.for_each_candidate(blob.id, [&](uint32_t number) {
    const Entry& other = entries_[number];
    is_known = is(other, blob.id, blob.type) && other.pack == pack && other.offset == blob.offset;
    return is_known;
  });
  if (is_known) return false;
  const uint32_t type_bit = blob.type == BlobType::tree ? tree_bit : 0;
  entry_table_.insert(blob.id, static_cast<uint32_t>(entries_.size()),
                      [&](uint32_t at) -> const Id& { return entries_[at].id; });
  entries_.push_back({blob.id, pack, blob.offset, blob.length | type_bit, blob.plain_length});
  return true;
}

std::optional<BlobPlace> BlobIndex::find(const Id& id, BlobType type) const {
  std::optional<BlobPlace> found;
  const std::shared_lock lock(mutex_);
  entry_table_.for_each_candidate(id, [&](uint32_t number) {
    if (is(entries_[number], id, type)) found = place(entries_[number]);
    return found.has_value();
  });
  return found;
}

bool BlobIndex::contains(const Id& id, BlobType type) const {
  return find(id, type).has_value();
}

std::optional<uint32_t> BlobIndex::number_of(const Id& id, BlobType type) const {
  std::optional<uint32_t> lowest;
  const std::shared_lock lock(mutex_);
  entry_table_.for_each_candidate(id, [&](uint32_t number) {
    if ((!lowest || number < *lowest) && is(entries_[number], id, type)) lowest = number;
    return false;
  });
  return lowest;
}

std::vector<BlobPlace> BlobIndex::find_all(const Id& id, BlobType type) const {
  std::vector<BlobPlace> places;
  const std::shared_lock lock(mutex_);
  entry_table_.for_each_candidate(id, [&](uint32_t number) {
    if (is(entries_[number], id, type)) places.push_back(place(entries_[number]));
    return false;
  });
  return places;
}

std::optional<uint32_t> BlobIndex::number_of_pack(const Id& pack) const {
  std::optional<uint32_t> found;
  pack_table_.for_each_candidate(pack, [&](uint32_t number) {
    if (packs_[number].id == pack) found = number;
    return found.has_value();
  });
  return found;
}

std::optional<uint32_t> BlobIndex::pack_number(const Id& pack) const {
  const std::shared_lock lock(mutex_);
  return number_of_pack(pack);
}

const BlobIndex::Pack& BlobIndex::pack_at(uint32_t number) const {
  if (number >= packs_.size()) {
    throw Error(Code::internal, "the index does not know pack number " + std::to_string(number));
  }
  return packs_[number];
}

Id BlobIndex::pack_id(uint32_t number) const {
  const std::shared_lock lock(mutex_);
  return pack_at(number).id;
}

std::vector<BlobPlace> BlobIndex::blobs_in(uint32_t pack) const {
  std::vector<BlobPlace> places;
  const std::shared_lock lock(mutex_);
  const auto append = [&](const Run& run) {
    for (uint32_t i = 0; i < run.count; ++i) places.push_back(place(entries_[run.first + i]));
  };
  append(pack_at(pack).run);
  for (const SecondRun& second : second_runs_) {
    if (second.pack == pack) append(second.run);
  }
  return places;
}

size_t BlobIndex::n_packs() const {
  const std::shared_lock lock(mutex_);
  return packs_.size();
}

size_t BlobIndex::n_blobs() const {
  const std::shared_lock lock(mutex_);
  return entries_.size();
}

}  // namespace sapdr::core
