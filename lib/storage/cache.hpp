// A cache of remote storage on this machine's disk: what a repository reads again and again.
//
// Kept are snapshots, indexes, records of what was verified, and packs that hold trees, as the
// repository has them, encrypted. Locks, keys and the config are not: they say how things are now.
// Lists and whether an object exists are always asked of the storage. Objects are immutable, so
// what is kept is right as long as the storage lists its name, and nothing has to be trusted:
//   - whole objects are compared with their name, which is their SHA-256, whenever they are read;
//   - parts of packs are proven by whoever opens them, and dropped if they do not come out right.
// A cache that cannot be used costs time, never an operation: what goes wrong with it is logged.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/id.hpp"
#include "storage/backend.hpp"
#include "storage/cache_folder.hpp"

namespace sapdr::core {

struct CacheOptions {
  std::string folder;               // of the caches of all repositories
  uint64_t max_size = 10ULL << 30;  // of all of them together
};

class CachedBackend final : public Backend {
 public:
  // Throws what the filesystem says of the folder.
  CachedBackend(ContextPtr context, BackendPtr inner, const CacheOptions& options,
                const std::string& repository_id);

  std::string location() const override { return inner_->location(); }
  unsigned max_parallel() const override { return inner_->max_parallel(); }
  bool is_remote() const override { return inner_->is_remote(); }
  bool is_read_only() const override { return inner_->is_read_only(); }
  void create() override { inner_->create(); }
  bool exists(const FileName& file) override { return inner_->exists(file); }
  uint64_t size_of(const FileName& file) override { return inner_->size_of(file); }
  // Parts of packs that hold trees; the first part of one brings the whole of it.
  void load(const FileName& file, uint64_t offset, ByteSpan out) override;
  Bytes load_all(const FileName& file, uint64_t limit) override;
  void save(const FileName& file, ByteView data) override;
  // What is no longer told is dropped.
  void list(FileType type, const ObjectVisitor& each) override;
  void erase(const FileName& file) override;
  void sync_names(FileType type) override { inner_->sync_names(type); }
  void warm_up(const FileName& file) override { inner_->warm_up(file); }
  StorageFacts facts() override;

  // A part of it did not come out right.
  void drop(const FileName& file);
  // Drops the packs that were there at `since` and are not in use.
  void keep_packs(UnixNs since, const std::function<bool(const Id& pack)>& is_in_use);

  // From begin_anew() to its end_anew() only what was read from the storage in between is read from
  // the cache: for whoever wants to know what is in the storage. They may overlap; each begin
  // forgets what was read so far. True if no other one has begun and not ended.
  bool begin_anew();
  void end_anew();

 private:
  using Ids = std::unordered_set<Id, IdHash>;

  bool is_usable(const Id& id);
  std::optional<Bytes> find(const FileName& file, const Id& id, uint64_t limit);
  bool load_part(const FileName& file, const Id& id, uint64_t offset, ByteSpan out);
  void keep(const FileName& file, const Id& id, ByteView data);
  bool fetch(const FileName& file, const Id& id);
  bool copy(const FileName& file, const Id& id);
  bool have_room(uint64_t size);
  void have_kept(AtomicFile& out, const Id& id);
  void drop_unlisted(FileType type, UnixNs since, const std::function<bool(const Id&)>& is_listed);
  void stop_writing(const Error& error);

  const ContextPtr context_;
  const BackendPtr inner_;
  const CacheOptions options_;
  const CacheFolder folder_;

  std::mutex mutex_;  // around all below
  bool can_write_ = true;
  std::optional<uint64_t> size_;  // of all caches, as far as this process knows
  uint64_t since_counted_ = 0;    // bytes written since it knew for sure
  Ids fetching_;                  // by one thread, for which others wait
  std::condition_variable fetched_;
  Ids fetched_once_;  // not twice: had they been of use, they would still be there
  unsigned anew_ = 0;
  Ids read_anew_;
};

}  // namespace sapdr::core
