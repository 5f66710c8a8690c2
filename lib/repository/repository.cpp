#include "repository/repository.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "checksum/sha256.hpp"
#include "repository/keys.hpp"
#include "repository/load_named.hpp"
#include "repository/open_blobs.hpp"

namespace sapdr::core {

namespace {

// Limits on what is read into memory before anything is known about it.
constexpr uint64_t max_small_file = 16ULL * 1024 * 1024;  // config, keys, locks, snapshots
constexpr uint64_t max_index_file = 1024ULL * 1024 * 1024;

const FileName config_name{FileType::config, ""};

uint64_t size_limit(FileType type) {
  return type == FileType::index || type == FileType::verified ? max_index_file : max_small_file;
}

Error damaged(const FileName& file, const char* how) {
  return Error(Code::corrupt, to_string(file) + " is damaged: " + how)
      .with(to_string(file.type), file.name);
}

// Not asked for by itself: each question takes a round trip.
std::optional<Bytes> find_config(Backend& backend) {
  try {
    return backend.load_all(config_name, max_small_file);
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
    return std::nullopt;
  }
}

// Read again before it is said to be damaged: it may have been on the way only.
Config open_config(Backend& backend, const Key& key, Bytes sealed) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (attempt > 0) sealed = backend.load_all(config_name, max_small_file);
    Bytes plain(sealed.size() < seal_overhead ? 0 : sealed.size() - seal_overhead);
    if (Cipher(key).open(sealed, plain)) return parse_config(as_text(plain));
  }
  throw Error(Code::corrupt, "the config of the repository at " + backend.location() +
                                 " is damaged; restore it from a copy");
}

}  // namespace

std::vector<Id> list_ids(Backend& backend, FileType type) {
  std::vector<Id> ids;
  backend.list(type, [&](const ObjectInfo& object) {
    if (const auto id = Id::parse(object.name)) ids.push_back(*id);
  });
  std::sort(ids.begin(), ids.end());
  return ids;
}

void seal(const Context& context, Cipher& cipher, ByteView plain, ByteSpan out) {
  std::array<std::byte, iv_size> iv;
  context.random(iv);
  cipher.seal(iv, plain, out);
}

SecretBytes seal(const Context& context, Cipher& cipher, ByteView plain) {
  SecretBytes sealed(plain.size() + seal_overhead);
  seal(context, cipher, plain, sealed);
  return sealed;
}

Repository::Repository(ContextPtr context, BackendPtr backend, const OpenSettings& settings,
                       Config config, const Id& key_id, const Key& key)
    : context_(std::move(context)),
      backend_(std::move(backend)),
      settings_(settings),
      config_(std::move(config)),
      key_id_(key_id),
      key_(key),
      tools_(key, config_.version < 2 ? Compression::off : settings.compression, config_.codec),
      decoders_(context_->threads()) {
  settings_.password = {};
}

namespace {

// Takes back the key of a repository that could not be made, unless its config is there after all:
// the answer alone may have been lost.
void erase_without_config(Backend& backend, const Id& key) noexcept {
  try {
    if (!backend.exists(config_name)) backend.erase({FileType::key, key.hex()});
  } catch (const std::exception&) {
    return;  // it stays, and the next attempt tells it
  }
}

}  // namespace

RepositoryPtr Repository::init(ContextPtr context, BackendPtr backend,
                               const InitSettings& settings) {
  if (settings.password.empty()) {
    throw Error(Code::invalid_argument, "the password of a new repository must not be empty");
  }
  if (settings.version != 1 && settings.version != 2) {
    throw Error(Code::unsupported, "repository version " + std::to_string(settings.version) +
                                       " is not known; use 1 or 2");
  }
  if (settings.version < 2 && settings.codec != BlobCodec::zstd) {
    throw Error(Code::unsupported,
                "a repository of version 1 compresses nothing; the tensor codec "
                "needs version 2");
  }
  if (backend->exists(config_name)) {
    throw Error(Code::exists, "there is a repository at " + backend->location() +
                                  " already; choose another place or open it");
  }
  if (has_keys(*backend)) {
    throw Error(Code::exists, "there are key files at " + backend->location() +
                                  " already; choose an empty place");
  }
  backend->create();
  Key key;
  context->random(key.encrypt);
  context->random(key.mac_k);
  context->random(key.mac_r);
  Config config;
  config.version = settings.version;
  config.codec = settings.codec;
  std::array<std::byte, 32> id;
  context->random(id);
  config.id = to_hex(id);
  config.polynomial = settings.polynomial != 0
                          ? settings.polynomial
                          : random_polynomial([&](ByteSpan out) { context->random(out); });
  // The config comes last: it makes the repository. A key without one would only be in the way.
  Cipher cipher(key);
  const auto sealed = seal(*context, cipher, as_bytes(config_json(config)));
  const Id key_id = save_key(*context, *backend, key, {settings.password, settings.cost});
  try {
    backend->save(config_name, sealed);
  } catch (...) {
    erase_without_config(*backend, key_id);
    throw;
  }
  return RepositoryPtr(
      new Repository(std::move(context), std::move(backend), {}, std::move(config), key_id, key));
}

RepositoryPtr Repository::open(ContextPtr context, BackendPtr backend,
                               const OpenSettings& settings) {
  std::optional<Bytes> sealed = find_config(*backend);
  if (!sealed) {
    if (has_keys(*backend)) {
      throw Error(Code::corrupt,
                  "the repository at " + backend->location() +
                      " has keys but no config; restore the file config from a copy");
    }
    throw Error(Code::no_repository, "there is no repository at " + backend->location() +
                                         "; check the location or create one with init");
  }
  const OpenedKey key = find_key(*context, *backend, settings.password, settings.key_hint);
  Config config = open_config(*backend, key.master, *std::move(sealed));
  const RepositoryPtr repository(new Repository(std::move(context), std::move(backend), settings,
                                                std::move(config), key.id, key.master));
  if (repository->backend_->is_remote()) repository->come_closer();
  return repository;
}

unsigned Repository::reads_at_once() const {
  const unsigned threads = context_->threads();
  return backend_->is_remote() ? std::max(threads, backend_->max_parallel()) : threads;
}

// What storage that is far away need not be asked again and again for.
void Repository::come_closer() {
  if (!settings_.cache.folder.empty()) {
    try {
      cache_ = std::make_shared<CachedBackend>(context_, backend_, settings_.cache, config_.id);
      backend_ = cache_;
      return;
    } catch (const Error& error) {
      context_->log(LogLevel::warning, "cache", "there is no cache: " + error.message());
    }
  }
  tree_blocks_ = std::make_unique<TreeBlocks>(backend_);
}

Repository::ReadAnew::ReadAnew(Repository& repository) : cache_(repository.cache_) {
  if (repository.tree_blocks_) repository.tree_blocks_->forget();
  if (!cache_ || !cache_->begin_anew()) return;
  const std::lock_guard lock(repository.index_mutex_);
  repository.index_files_.forget();
}

Repository::ReadAnew::~ReadAnew() {
  if (cache_) cache_->end_anew();
}

Bytes Repository::load_unpacked(FileType type, const Id& id) {
  const FileName name{type, id.hex()};
  const auto [stored, is_right] = load_named(*backend_, name, id, size_limit(type));
  if (!is_right) {
    throw damaged(name, "its content has another hash than its name says");
  }
  return open_unpacked(name, stored);
}

std::pair<Id, Bytes> Repository::load_misnamed(FileType type, const Id& name) {
  const FileName file{type, name.hex()};
  const Bytes stored = backend_->load_all(file, size_limit(type));
  return {sha256(stored), open_unpacked(file, stored)};
}

Bytes Repository::open_unpacked(const FileName& name, ByteView stored) {
  auto tools = tools_.lend();
  Bytes plain(stored.size() < seal_overhead ? 0 : stored.size() - seal_overhead);
  if (!tools->cipher.open(stored, plain)) {
    throw damaged(name, "it does not open with the repository's key");
  }
  return decode_unpacked(tools->codec, plain, size_limit(name.type), to_string(name));
}

Id Repository::save_unpacked(FileType type, std::string_view json) {
  auto tools = tools_.lend();
  const Bytes plain = encode_unpacked(tools->codec, config_.version, json);
  Bytes sealed(plain.size() + seal_overhead);
  seal(*context_, tools->cipher, plain, sealed);
  const Id id = sha256(sealed);
  backend_->save({type, id.hex()}, sealed);
  return id;
}

std::vector<Id> Repository::list(FileType type) {
  return list_ids(*backend_, type);
}

Id Repository::find_by_prefix(FileType type, std::string_view prefix) {
  const std::string what = std::string(to_string(type)) + " \"" + std::string(prefix) + "\"";
  std::optional<Id> found;
  if (!prefix.empty()) {
    for (const Id& id : list(type)) {
      if (!id.hex().starts_with(prefix)) continue;
      if (found) {
        throw Error(Code::ambiguous, what +
                                         " matches more than one: " + found->hex().substr(0, 12) +
                                         ", " + id.hex().substr(0, 12) + "; give more digits");
      }
      found = id;
    }
  }
  if (!found) {
    throw Error(Code::not_found, "there is no " + what + " in the repository; list what there is");
  }
  return *found;
}

void Repository::load_index(Progress& progress, const IndexFiles::OnDamage& on_damage) {
  context_->check_process();
  const std::lock_guard lock(index_mutex_);
  const UnixNs since = now_ns();
  index_files_.load(*this, progress, on_damage);
  if (!cache_) return;
  cache_->keep_packs(since, [&](const Id& pack) { return index().pack_number(pack).has_value(); });
}

// False if it does not come out right.
bool Repository::read_blob(const BlobPlace& place, Bytes& plain) {
  const Id pack = index().pack_id(place.pack);
  FileName file{FileType::pack, pack.hex(), place.type == BlobType::tree};
  Bytes sealed(place.length);
  const auto opens = [&] {
    const Slots::Lease decoder(decoders_);
    return open_blob(*tools_.lend(), place, sealed, plain);
  };
  if (load_from_block(pack, place, sealed)) {
    if (opens()) return true;
    tree_blocks_->drop(pack);
  }
  backend_->load(file, place.offset, sealed);
  if (opens()) return true;
  if (!cache_ || !file.holds_trees) return false;
  cache_->drop(file);
  file.holds_trees = false;  // from the storage itself
  backend_->load(file, place.offset, sealed);
  return opens();
}

bool Repository::load_from_block(const Id& pack, const BlobPlace& place, ByteSpan sealed) {
  if (!tree_blocks_ || place.type != BlobType::tree) return false;
  const auto named_size = [&] {
    uint64_t size = 0;
    for (const BlobPlace& blob : index().blobs_in(place.pack)) {
      size = std::max(size, uint64_t{blob.offset} + blob.length);
    }
    return size;
  };
  return tree_blocks_->load(pack, named_size, place.offset, sealed);
}

Bytes Repository::load_blob(BlobType type, const Id& id) {
  std::vector<BlobPlace> places = index().find_all(id, type);
  const std::string what = std::string(to_string(type)) + " blob " + id.hex();
  if (places.empty()) {
    throw Error(Code::not_found, what + " is not in the index; check the repository")
        .with("blob", id.hex());
  }
  std::string damage;
  const size_t n_places = places.size();
  for (size_t i = 0; i < places.size(); ++i) {
    const BlobPlace place = places[i];
    const std::string pack = index().pack_id(place.pack).hex();
    try {
      Bytes plain;
      if (read_blob(place, plain)) return plain;
      damage = "pack " + pack + " is damaged there";
      if (i < n_places) places.push_back(place);
    } catch (const Error& error) {
      if (error.code() != Code::corrupt && error.code() != Code::not_found) throw;
      damage = error.message();
    }
  }
  throw Error(Code::corrupt, what + " could not be read: " + damage)
      .with("blob", id.hex())
      .with("pack", index().pack_id(places.back().pack).hex());
}

}  // namespace sapdr::core
