// What a storage tells of itself, as far as it can be asked. Facts only: what they mean to a
// repository is for operation/doctor.hpp to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace sapdr::core {

// What was answered to one question, or why it was not.
template <class T>
class Answered {
 public:
  Answered() : answer_(Error(Code::unsupported, "it was not asked")) {}
  Answered(T value) : answer_(std::move(value)) {}
  Answered(Error why) : answer_(std::move(why)) {}

  // nullptr: there was no answer.
  const T* value() const { return std::get_if<T>(&answer_); }
  // Only if there was no answer.
  const std::string& why() const { return std::get<Error>(answer_).message(); }

 private:
  std::variant<T, Error> answer_;
};

// Whether the credential may do something.
struct Permission {
  std::optional<bool> is_given;  // nothing: not known
  std::string why;               // what was answered, unless it is given
};

// What may be done below the place of a repository. Locks are apart, since a role may give rights
// to them alone.
struct Permissions {
  Permission read;
  Permission list;
  Permission create;  // packs, with new names
  Permission create_locks;
  Permission overwrite;  // what is there
  Permission erase;
  Permission erase_locks;
};

struct ContainerFacts {
  std::string public_access;  // "blob" or "container"; empty: none
  bool has_immutability_policy = false;
  bool has_legal_hold = false;
  bool has_immutable_versions = false;  // single versions may be made immutable
};

// One rule of the account that acts, by age, on blobs like those of a repository.
struct LifecycleRule {
  std::string name;
  std::vector<std::string> prefixes;  // of "container/name"; none: all blobs
  bool deletes = false;               // the blobs themselves, not only old versions of them
  bool archives = false;              // moves them to a tier in which they cannot be read
};

// A storage account in Azure, and the container in it.
struct AccountFacts {
  std::string account;
  std::string container;
  std::string prefix;  // of the repository in it, without slashes around it
  std::string credential;
  UnixNs credential_expires = 0;  // 0: not known, or never
  Answered<std::string> sku;      // "Standard_RAGRS"
  // All that was stored before is in the second copy; nothing: the service does not know. Asked
  // only if there is a second copy that can be read.
  Answered<std::optional<UnixNs>> last_sync;
  Answered<uint32_t> soft_delete_days;            // of blobs; 0: off
  Answered<uint32_t> container_soft_delete_days;  // 0: off
  Answered<bool> has_versions;
  Answered<ContainerFacts> container_facts;
  Answered<std::vector<LifecycleRule>> lifecycle;
  Permissions permissions;
};

// A folder, and the filesystem that it lies on.
struct FolderFacts {
  uint64_t free_bytes = 0;  // for this user
  uint64_t total_bytes = 0;
  uint64_t free_files = 0;
  uint64_t total_files = 0;  // 0: as many as there is space for
  uint32_t mode = 0;         // permission bits
  bool is_read_only = false;
  bool is_in_memory = false;  // gone with the next start of the machine
  bool may_write = false;     // this user
};

struct StorageFacts {
  // How far the clock of this machine is before that of the storage, in ns; nothing: not known.
  std::optional<int64_t> clock_ahead;
  // One of them, or neither: then nothing is known.
  std::optional<FolderFacts> folder;
  std::optional<AccountFacts> account;
};

}  // namespace sapdr::core
