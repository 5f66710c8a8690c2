#include "repository/keys.hpp"

#include <algorithm>

#include "checksum/sha256.hpp"
#include "repository/host.hpp"
#include "repository/load_named.hpp"

namespace sapdr::core {

namespace {

constexpr uint64_t max_key_file = 1024 * 1024;
constexpr size_t salt_size = 64;

FileName name_of(const Id& id) {
  return {FileType::key, id.hex()};
}

Error damaged(const Id& id) {
  return Error(Code::corrupt,
               to_string(name_of(id)) + " is damaged: its content has another hash than its name")
      .with("key", id.hex());
}

// The costs of an existing key are data that may be damaged; those of a new one are an argument.
Key derive_new(const NewKey& key, ByteView salt) {
  try {
    return derive_key(key.password, salt, key.cost);
  } catch (const Error& error) {
    if (error.code() != Code::corrupt) throw;
    throw Error(Code::invalid_argument,
                "scrypt_n, scrypt_r and scrypt_p are no costs that can be used: give a power of "
                "two and small numbers, or leave them 0")
        .because(error);
  }
}

// The master key in a key file, or nothing if the password is another one.
std::optional<Key> open_key(const KeyFile& file, ByteView password) {
  Cipher cipher(derive_key(password, file.salt, file.cost));
  if (file.data.size() < seal_overhead) return std::nullopt;
  SecretBytes plain(file.data.size() - seal_overhead);
  if (!cipher.open(file.data, plain)) return std::nullopt;
  return parse_master_key(plain);
}

// Throws Code::corrupt for a file that is not what its name says, parsed or not.
std::optional<Key> load_and_open(Backend& backend, const Id& id, ByteView password) {
  const auto [stored, is_right] = load_named(backend, name_of(id), id, max_key_file);
  const KeyFile file = parse_key_file(as_text(stored), to_string(name_of(id)));
  if (auto key = open_key(file, password)) return key;
  if (!is_right) throw damaged(id);
  return std::nullopt;
}

KeyInfo describe(Backend& backend, const Id& id) {
  KeyInfo info;
  info.id = id;
  try {
    const auto [stored, is_right] = load_named(backend, name_of(id), id, max_key_file);
    if (!is_right) throw damaged(id);
    const KeyFile file = parse_key_file(as_text(stored), to_string(name_of(id)));
    info.host = file.hostname;
    info.user = file.username;
    info.created = file.created;
  } catch (const Error& error) {
    if (error.code() != Code::corrupt && error.code() != Code::unsupported) throw;
    info.damage = error;
  }
  return info;
}

// Whoever has the current key can still open the repository when all others are gone.
void require_current(Repository& repository) {
  const Id& current = repository.key_id();
  try {
    const NamedObject file =
        load_named(repository.backend(), name_of(current), current, max_key_file);
    if (!file.is_right) throw damaged(current);
  } catch (const Error& error) {
    if (error.code() != Code::not_found && error.code() != Code::corrupt) throw;
    throw Error(Code::invalid_state,
                "key " + current.short_hex() +
                    ", with which the repository was opened, is gone or damaged: no other one is "
                    "removed, lest none is left; open it with another password and try again")
        .because(error);
  }
}

}  // namespace

Id save_key(const Context& context, Backend& backend, const Key& master, const NewKey& key) {
  if (key.password.empty()) {
    throw Error(Code::invalid_argument, "a new password must not be empty");
  }
  KeyFile file;
  file.hostname = key.host.empty() ? host_name() : key.host;
  file.username = key.user.empty() ? user_name() : key.user;
  file.created = context.now();
  file.cost = key.cost;
  file.salt.resize(salt_size);
  context.random(file.salt);
  Cipher cipher(derive_new(key, file.salt));
  file.data = seal(context, cipher, master_key_json(master));
  const std::string json = key_file_json(file);
  const Id id = sha256(as_bytes(json));
  backend.save(name_of(id), as_bytes(json));
  return id;
}

OpenedKey find_key(const Context& context, Backend& backend, ByteView password,
                   std::string_view hint) {
  std::vector<Id> ids = list_ids(backend, FileType::key);
  std::stable_partition(ids.begin(), ids.end(),
                        [&](const Id& id) { return !hint.empty() && id.hex().starts_with(hint); });
  std::optional<Error> damage;
  for (const Id& id : ids) {
    try {
      if (auto key = load_and_open(backend, id, password)) return {id, *key};
    } catch (const Error& error) {
      context.log(LogLevel::warning, "repository", error.message());
      damage = error;
    }
  }
  if (damage) throw *damage;
  if (ids.empty()) {
    throw Error(Code::corrupt, "the repository at " + backend.location() +
                                   " has no key file; restore its folder keys/ from a copy");
  }
  throw Error(Code::auth,
              "no key of the repository at " + backend.location() + " opens with this password");
}

bool has_keys(Backend& backend) {
  try {
    return !list_ids(backend, FileType::key).empty();
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
    return false;
  }
}

std::vector<KeyInfo> list_keys(Repository& repository) {
  std::vector<KeyInfo> keys;
  for (const Id& id : repository.list(FileType::key)) {
    keys.push_back(describe(repository.backend(), id));
    keys.back().is_current = id == repository.key_id();
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const KeyInfo& a, const KeyInfo& b) { return a.created < b.created; });
  return keys;
}

Id add_key(Repository& repository, const RepositoryLock& lock, const NewKey& key) {
  lock.require_held();
  lock.check();
  Backend& backend = repository.backend();
  const Id id = save_key(repository.context(), backend, repository.key(), key);
  const std::optional<Key> opened = load_and_open(backend, id, key.password);
  if (!opened || as_text(master_key_json(*opened)) != as_text(master_key_json(repository.key()))) {
    throw Error(Code::checksum, "key " + id.hex() +
                                    " was stored but does not open with its password: this "
                                    "machine or its storage is not reliable; remove that key");
  }
  return id;
}

void remove_key(Repository& repository, const RepositoryLock& lock, const Id& id) {
  if (id == repository.key_id()) {
    throw Error(Code::invalid_argument,
                "key " + id.short_hex() +
                    " is the one that the repository was opened with and is not removed; open it "
                    "with another password first, or change this one's")
        .with("key", id.hex());
  }
  require_current(repository);
  lock.check();
  repository.backend().erase(name_of(id));
}

Id change_password(Repository& repository, const RepositoryLock& lock, const NewKey& key) {
  const Id old = repository.key_id();
  const Id fresh = add_key(repository, lock, key);
  repository.use_key(fresh);
  try {
    lock.check();
    repository.backend().erase(name_of(old));
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return fresh;
    throw Error(error.code(),
                "the new password opens the repository, but so does the old one: its key " +
                    old.short_hex() + " could not be removed; remove it with key remove",
                error.retry())
        .with("key", old.hex())
        .because(error);
  }
  return fresh;
}

}  // namespace sapdr::core
