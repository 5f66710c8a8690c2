// The index in memory: where every blob of the repository lies. At most 60 bytes a blob.
#pragma once

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "format/blob.hpp"
#include "repository/id_table.hpp"

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
    for (size_t i = 0; i < entries_.size(); ++i) each(place(entries_[i]));
  }

 private:
  struct Entry {  // 48 bytes
    Id id;
    uint32_t pack;
    uint32_t offset;
    uint32_t length_and_type;  // highest bit: tree
    uint32_t plain_length;     // 0: not compressed
  };
  // Entries of one pack that were added together.
  struct Run {
    uint32_t first;
    uint32_t count;
  };
  struct Pack {  // 40 bytes
    Id id;
    Run run;
  };
  struct SecondRun {  // of a pack of which indexes differ
    uint32_t pack;
    Run run;
  };
  static BlobPlace place(const Entry& entry);
  static bool is(const Entry& entry, const Id& id, BlobType type);

  bool insert(uint32_t pack, const PackedBlob& blob);
  std::optional<uint32_t> number_of_pack(const Id& pack) const;
  // Throws Code::internal for a number from before a clear().
  const Pack& pack_at(uint32_t number) const;

  mutable std::shared_mutex mutex_;
  uint64_t generation_ = 0;
  Segments<Entry> entries_;
  IdTable entry_table_;  // by id: entries
  Segments<Pack> packs_;
  IdTable pack_table_;  // by id: packs
  std::vector<SecondRun> second_runs_;
};

}  // namespace sapdr::core
