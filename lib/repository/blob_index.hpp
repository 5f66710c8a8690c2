// The index in memory: where every blob of the repository lies. At most 60 bytes a blob.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "format/blob.hpp"

namespace sapdr::core {

// Where a blob lies.
struct BlobPlace {
  Id id;
  uint32_t pack = 0;  // number of the pack, see BlobIndex::pack_id
  BlobType type = BlobType::data;
  uint32_t offset = 0;
  uint32_t length = 0;        // stored bytes
  uint32_t plain_length = 0;  // bytes of the plaintext, compressed or not
  bool compressed = false;
};

// Any thread. Blobs are numbered from 0 in the order in which their places came in; nothing is
// removed but by clear().
class BlobIndex {
 public:
  // Adds the blobs of a pack; places that are known already are not added again. Returns the number
  // of the pack. Throws Code::corrupt for lengths that no blob has.
  uint32_t add(const Id& pack, const std::vector<PackedBlob>& blobs);

  // Forgets everything: numbers of packs and blobs mean nothing any more, which whoever keeps some
  // notices by the generation.
  void clear();
  uint64_t generation() const;

  bool contains(const Id& id, BlobType type) const;
  std::optional<BlobPlace> find(const Id& id, BlobType type) const;
  // All places of a blob: it may have been stored more than once.
  std::vector<BlobPlace> find_all(const Id& id, BlobType type) const;

  // The lowest number of a blob's places: the same one for as long as the index is not cleared.
  std::optional<uint32_t> number_of(const Id& id, BlobType type) const;

  // Packs are numbered from 0 in the order of their first appearance.
  size_t n_packs() const;
  Id pack_id(uint32_t number) const;
  std::optional<uint32_t> pack_number(const Id& pack) const;
  // What the index says is in a pack, in the order it says so.
  std::vector<BlobPlace> blobs_in(uint32_t pack) const;
  size_t n_blobs() const;
  // Every place. `each` must not call back into the index.
  template <class Each>
  void for_each(Each each) const {
    const std::shared_lock lock(mutex_);
    for (size_t i = 0; i < size_; ++i) each(place(entry(i)));
  }

 private:
  struct Entry {  // 48 bytes
    Id id;
    uint32_t pack;
    uint32_t offset;
    uint32_t length_and_type;  // highest bit: tree
    uint32_t plain_length;     // 0: not compressed
  };
  // Entries of one pack that were added together. A pack has a second run only if indexes differ.
  struct Run {
    uint32_t pack;
    uint32_t first;
    uint32_t count;
  };
  static constexpr size_t segment_size = 1 << 14;
  static BlobPlace place(const Entry& entry);

  const Entry& entry(size_t at) const { return segments_[at / segment_size][at % segment_size]; }
  bool is(const Entry& entry, const Id& id, BlobType type) const;
  void grow();
  bool insert(uint32_t pack, const PackedBlob& blob);
  // First slot of the probe sequence of an id.
  size_t slot(const Id& id) const { return IdHash{}(id) & (table_.size() - 1); }

  mutable std::shared_mutex mutex_;
  uint64_t generation_ = 0;
  std::vector<std::unique_ptr<Entry[]>> segments_;  // grows without moving entries
  size_t size_ = 0;
  std::vector<uint32_t> table_;  // open addressing; entry number + 1, 0: free
  std::vector<Id> packs_;
  std::unordered_map<Id, uint32_t, IdHash> pack_numbers_;
  std::vector<Run> first_runs_;  // by pack number
  std::vector<Run> more_runs_;
};

}  // namespace sapdr::core
