// A repository that is open: its keys, its files, its index, its blobs.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/slots.hpp"
#include "format/config.hpp"
#include "format/key.hpp"
#include "observe/progress.hpp"
#include "repository/index_files.hpp"
#include "repository/tools.hpp"
#include "repository/tree_blocks.hpp"
#include "storage/cache.hpp"

namespace sapdr::core {

struct InitSettings {
  uint32_t version = 2;
  SecretBytes password;
  ScryptCost cost;
  Polynomial polynomial = 0;  // 0: a random one
  BlobCodec codec = BlobCodec::zstd;
};

struct OpenSettings {
  SecretBytes password;
  std::string key_hint;
  Compression compression = Compression::automatic;
  size_t pack_size = 16 * 1024 * 1024;
  bool use_locks = true;
  bool verify_blobs = true;
  int64_t retry_lock_ns = 0;
  CacheOptions cache;  // without a folder there is none; only of use for remote storage
};

// Members may be called from any thread unless they say otherwise.
class Repository {
 public:
  // Writes config and first key. Throws Code::exists.
  static std::shared_ptr<Repository> init(ContextPtr context, BackendPtr backend,
                                          const InitSettings& settings);
  // Throws Code::no_repository, auth, unsupported, corrupt.
  static std::shared_ptr<Repository> open(ContextPtr context, BackendPtr backend,
                                          const OpenSettings& settings);

  const Context& context() const { return *context_; }
  const ContextPtr& context_ptr() const { return context_; }
  Backend& backend() { return *backend_; }
  const Config& config() const { return config_; }
  const Key& key() const { return key_; }
  // The key file that it was opened with, or that took its place. use_key() is not for use while
  // another thread asks.
  const Id& key_id() const { return key_id_; }
  void use_key(const Id& id) { key_id_ = id; }
  const OpenSettings& settings() const { return settings_; }  // its password is empty
  ToolBox& tools() { return tools_; }
  // How many threads are to wait for the storage where much is read of it: as many as it can use if
  // it is far away, else one a core.
  unsigned reads_at_once() const;
  // One a core: who opens what was read takes a place, however many threads wait for the storage.
  // Nobody who has one waits for another.
  Slots& decoders() { return decoders_; }

  // Files that are not packs: verified against their name, opened, decompressed. Throws
  // Code::corrupt.
  Bytes load_unpacked(FileType type, const Id& id);
  // The same of a file that has a wrong name, and the one it should have.
  std::pair<Id, Bytes> load_misnamed(FileType type, const Id& name);
  // Compressed (version 2), sealed, stored under the hash. Returns the name.
  Id save_unpacked(FileType type, std::string_view json);
  // Of a type, every name that is an id, in ascending order.
  std::vector<Id> list(FileType type);
  // The one object whose hexadecimal name begins with `prefix`. Throws Code::not_found,
  // Code::ambiguous.
  Id find_by_prefix(FileType type, std::string_view prefix);

  // Brings the index up to date: see IndexFiles::load.
  void load_index(Progress& progress, const IndexFiles::OnDamage& on_damage = {});
  BlobIndex& index() { return index_files_.blobs(); }
  // Not while another thread loads the index.
  const IndexFiles& index_files() const { return index_files_; }

  // The plaintext of a blob, proven by MAC and SHA-256. Tries every place it is known to be in,
  // those where it is wrong twice. Throws Code::not_found if the index does not know it,
  // Code::corrupt if no copy is right. Needs load_index().
  Bytes load_blob(BlobType type, const Id& id);

  // While one lives, nothing is read that a cache had before, in memory or on disk, nor is anything
  // of the index that came from there relied on. For whatever says that something is damaged, or
  // removes it.
  class ReadAnew {
   public:
    explicit ReadAnew(Repository& repository);
    ~ReadAnew();
    ReadAnew(const ReadAnew&) = delete;
    ReadAnew& operator=(const ReadAnew&) = delete;

   private:
    const std::shared_ptr<CachedBackend> cache_;
  };

 private:
  bool read_blob(const BlobPlace& place, Bytes& plain);
  bool load_from_block(const Id& pack, const BlobPlace& place, ByteSpan sealed);
  void come_closer();
  Bytes open_unpacked(const FileName& name, ByteView stored);
  Repository(ContextPtr context, BackendPtr backend, const OpenSettings& settings, Config config,
             const Id& key_id, const Key& key);

  ContextPtr context_;
  BackendPtr backend_;
  OpenSettings settings_;
  Config config_;
  Id key_id_;
  Key key_;
  ToolBox tools_;
  Slots decoders_;
  std::shared_ptr<CachedBackend> cache_;     // the same as backend_, or null
  std::unique_ptr<TreeBlocks> tree_blocks_;  // of remote storage without a cache
  std::mutex index_mutex_;
  IndexFiles index_files_;
};

using RepositoryPtr = std::shared_ptr<Repository>;

// Of a type, every name that is an id, in ascending order: what Repository::list gives.
std::vector<Id> list_ids(Backend& backend, FileType type);

// Seals a message under an IV of its own. `out`: seal_overhead bytes more than `plain`.
void seal(const Context& context, Cipher& cipher, ByteView plain, ByteSpan out);
SecretBytes seal(const Context& context, Cipher& cipher, ByteView plain);

}  // namespace sapdr::core
