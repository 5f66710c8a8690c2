// Storing blobs: what is known already is not stored again; the rest is compressed, sealed, proven,
// packed and uploaded, several packs at once. Memory is bounded by the packs in flight.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/buffer.hpp"
#include "base/workers.hpp"
#include "format/index.hpp"
#include "repository/lock.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

struct WriteCounts {
  uint64_t data_blobs = 0;
  uint64_t tree_blobs = 0;
  uint64_t plain_bytes = 0;
  uint64_t stored_bytes = 0;
  uint64_t packs = 0;
};

// One session of writing. Packs are durable before an index names them, indexes before anything
// that needs them. Destroyed without finish(), it leaves packs that no index names: prune removes
// them later.
class BlobWriter {
 public:
  // `dry_run`: counts what would be stored and stores nothing.
  BlobWriter(Repository& repository, const RepositoryLock& lock, bool dry_run);
  ~BlobWriter();

  // Stores a blob unless the repository has it or another thread is storing it. True if it was new.
  // Any thread.
  bool save(BlobType type, const Id& id, ByteView plain);

  // The same for some at once, side by side; ids[i] becomes the hash of plains[i]. Any thread.
  void save_all(BlobType type, std::span<const ByteView> plains, std::span<Id> ids);

  // Stores a blob of this repository once more, as it lies sealed in another pack: for moving blobs
  // out of packs. Whoever calls proved it. Any thread.
  void copy(const BlobPlace& place, ByteView sealed);

  // Uploads what is left and writes the index. Call once, after all save().
  void finish();

  WriteCounts counts() const;

 private:
  struct OpenPack;
  struct Slot;
  using PackPtr = std::shared_ptr<OpenPack>;

  // A blob that nobody has, or is storing.
  struct NewBlob {
    Id id;
    ByteView plain;
  };
  // One that lies in an open pack, not yet proven.
  struct Sealed;

  bool claim(BlobType type, const Id& id, ByteView plain);
  void store(BlobType type, std::span<const NewBlob> blobs);
  BlobPlace compress(BlobType type, const NewBlob& blob, Tools& tools, ByteView& body);
  Slot reserve(BlobType type, uint32_t length);
  void prove(std::span<const Sealed> blobs, Tools& tools);
  void fill(const Slot& slot, const BlobPlace& place);
  void count(BlobType type, size_t plain_size, uint32_t length);
  void close(PackPtr pack);
  void add_header(OpenPack& pack);
  void upload(std::vector<PackPtr> packs);
  void record(const Id& pack_id, const OpenPack& pack);
  void write_index(std::vector<IndexedPack> packs);
  void give_buffer(Buffer buffer);

  Repository& repository_;
  const RepositoryLock& lock_;
  const bool dry_run_;

  mutable std::mutex mutex_;
  std::unordered_set<Id, IdHash> in_flight_[2];  // by BlobType: claimed, in no index file yet
  PackPtr open_[2];                              // by BlobType
  std::vector<PackPtr> closed_;                  // full, to be hashed side by side
  std::vector<Buffer> buffers_;                  // pack buffers to be used again
  WriteCounts counts_;
  std::vector<IndexedPack> unwritten_;  // uploaded, not yet in an index file
  size_t unwritten_blobs_ = 0;
  std::chrono::steady_clock::time_point last_index_ = std::chrono::steady_clock::now();

  Workers uploads_;  // last: its threads use all of the above
};

}  // namespace sapdr::core
