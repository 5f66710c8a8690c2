// Keys: the files that seal a repository's master key, each with another password.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/key.hpp"
#include "repository/lock.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

struct NewKey {
  SecretBytes password;
  ScryptCost cost = {};
  std::string host = {};  // empty: this host's name
  std::string user = {};  // empty: this user's name
};

// Seals the master key with a password and stores that. Throws Code::invalid_argument for an empty
// password and for costs that scrypt does not know.
Id save_key(const Context& context, Backend& backend, const Key& master, const NewKey& key);

struct OpenedKey {
  Id id;
  Key master;
};

// The first key file that opens with the password; those that begin with `hint` are tried first. A
// damaged one does not hide the others. Throws Code::auth, or what is wrong with the damaged ones.
OpenedKey find_key(const Context& context, Backend& backend, ByteView password,
                   std::string_view hint);

// False also where there is nothing at all.
bool has_keys(Backend& backend);

// What a key file tells in the clear.
struct KeyInfo {
  Id id;
  std::string host;
  std::string user;
  UnixNs created = 0;
  bool is_current = false;      // the repository was opened with it
  std::optional<Error> damage;  // why it cannot be read; nothing else is known then
};

// All of them, oldest first, damaged ones before all.
std::vector<KeyInfo> list_keys(Repository& repository);

// Adds a key and proves that what was stored opens with its password.
Id add_key(Repository& repository, const RepositoryLock& lock, const NewKey& key);

// Removes a key for ever. Needs an exclusive lock, so that no two processes remove each other's.
// Throws Code::invalid_argument for the current key, and Code::invalid_state if that is gone or
// damaged: so the last good one always stays.
void remove_key(Repository& repository, const RepositoryLock& lock, const Id& id);

// Adds a key, makes it the current one, then removes the one before. Needs an exclusive lock. Ended
// at any point, at least one of the two passwords opens the repository.
Id change_password(Repository& repository, const RepositoryLock& lock, const NewKey& key);

}  // namespace sapdr::core
