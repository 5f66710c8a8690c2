// What was read back and found right, and when: records under sapdr/, beside restic's folders.
// Other programs ignore them.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "repository/lock.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// What one run proved.
struct VerifiedRecord {
  UnixNs time = 0;
  std::vector<Id> packs = {};              // read whole and right
  std::vector<Id> snapshots = {};          // all packs that they need are right
  std::vector<Id> damaged_packs = {};      // not right: what was proven before counts no more
  std::vector<Id> damaged_snapshots = {};  // they need something that is damaged
};

// Stores all of them as one object.
void save_verified(Repository& repository, const std::vector<VerifiedRecord>& records);

struct VerifiedTimes {
  std::unordered_map<Id, UnixNs, IdHash> packs;      // when last
  std::unordered_map<Id, UnixNs, IdHash> snapshots;  // when last
};

// All records taken together. One that is damaged, or that we may not read, proves nothing: it is
// logged and left out.
VerifiedTimes load_verified(Repository& repository);

// Puts many small records together into one, without snapshots that are gone and packs that are not
// in use. Under an exclusive lock.
void compact_verified(Repository& repository, const RepositoryLock& lock,
                      const std::function<bool(const Id& pack)>& is_in_use);

}  // namespace sapdr::core
