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
  const auto [at, is_new] = pack_numbers_.try_emplace(pack, static_cast<uint32_t>(packs_.size()));
  const uint32_t number = at->second;
  Run run{number, static_cast<uint32_t>(size_), 0};
  for (const PackedBlob& blob : blobs) run.count += insert(number, blob) ? 1 : 0;
  if (is_new) {
    packs_.push_back(pack);
    first_runs_.push_back(run);
  } else if (run.count > 0) {
    more_runs_.push_back(run);
  }
  return number;
}

void BlobIndex::clear() {
  const std::unique_lock lock(mutex_);
  ++generation_;
  segments_.clear();
  size_ = 0;
  table_.clear();
  packs_.clear();
  pack_numbers_.clear();
  first_runs_.clear();
  more_runs_.clear();
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

bool BlobIndex::is(const Entry& entry, const Id& id, BlobType type) const {
  return ((entry.length_and_type & tree_bit) != 0) == (type == BlobType::tree) && entry.id == id;
}

// False if the place is known already.
bool BlobIndex::insert(uint32_t pack, const PackedBlob& blob) {
  if ((size_ + 1) * 10 > table_.size() * 8) grow();
  size_t at = slot(blob.id);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const Entry& other = entry(table_[at] - 1);
    if (is(other, blob.id, blob.type) && other.pack == pack && other.offset == blob.offset)
      return false;
  }
  if (size_ % segment_size == 0) {
    segments_.push_back(std::make_unique_for_overwrite<Entry[]>(segment_size));
  }
  const uint32_t type_bit = blob.type == BlobType::tree ? tree_bit : 0;
  segments_.back()[size_ % segment_size] =
      Entry{blob.id, pack, blob.offset, blob.length | type_bit, blob.plain_length};
  table_[at] = static_cast<uint32_t>(++size_);
  return true;
}

void BlobIndex::grow() {
  std::vector<uint32_t> old = std::move(table_);
  table_.assign(old.empty() ? 1024 : old.size() * 2, 0);
  for (const uint32_t number : old) {
    if (number == 0) continue;
    size_t at = slot(entry(number - 1).id);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = number;
  }
}

std::optional<BlobPlace> BlobIndex::find(const Id& id, BlobType type) const {
  const std::shared_lock lock(mutex_);
  if (table_.empty()) return std::nullopt;
  for (size_t at = slot(id); table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const Entry& found = entry(table_[at] - 1);
    if (is(found, id, type)) return place(found);
  }
  return std::nullopt;
}

bool BlobIndex::contains(const Id& id, BlobType type) const {
  return find(id, type).has_value();
}

std::optional<uint32_t> BlobIndex::number_of(const Id& id, BlobType type) const {
  std::optional<uint32_t> lowest;
  const std::shared_lock lock(mutex_);
  if (table_.empty()) return lowest;
  for (size_t at = slot(id); table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const uint32_t number = table_[at] - 1;
    if ((!lowest || number < *lowest) && is(entry(number), id, type)) lowest = number;
  }
  return lowest;
}

std::vector<BlobPlace> BlobIndex::find_all(const Id& id, BlobType type) const {
  std::vector<BlobPlace> places;
  const std::shared_lock lock(mutex_);
  if (table_.empty()) return places;
  for (size_t at = slot(id); table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const Entry& found = entry(table_[at] - 1);
    if (is(found, id, type)) places.push_back(place(found));
  }
  return places;
}

std::optional<uint32_t> BlobIndex::pack_number(const Id& pack) const {
  const std::shared_lock lock(mutex_);
  const auto at = pack_numbers_.find(pack);
  return at == pack_numbers_.end() ? std::nullopt : std::optional(at->second);
}

Id BlobIndex::pack_id(uint32_t number) const {
  const std::shared_lock lock(mutex_);
  return packs_.at(number);
}

std::vector<BlobPlace> BlobIndex::blobs_in(uint32_t pack) const {
  std::vector<BlobPlace> places;
  const std::shared_lock lock(mutex_);
  const auto append = [&](const Run& run) {
    for (uint32_t i = 0; i < run.count; ++i) places.push_back(place(entry(run.first + i)));
  };
  append(first_runs_.at(pack));
  for (const Run& run : more_runs_) {
    if (run.pack == pack) append(run);
  }
  return places;
}

size_t BlobIndex::n_packs() const {
  const std::shared_lock lock(mutex_);
  return packs_.size();
}

size_t BlobIndex::n_blobs() const {
  const std::shared_lock lock(mutex_);
  return size_;
}

}  // namespace sapdr::core
