// All caches in a folder together: how much room they take, and what goes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace sapdr::core {

// The cache of one repository.
struct CacheInfo {
  std::string repository_id;
  uint64_t files = 0;
  uint64_t bytes = 0;
  UnixNs used = 0;  // when last; 0: not known
};

// Last used first. None if there is no such folder.
std::vector<CacheInfo> list_caches(const std::string& folder);

// Removes the caches that were not used for so long, and tells them. Throws what the filesystem
// says of the first that could not be removed, when the others are gone.
std::vector<CacheInfo> remove_old_caches(const std::string& folder, std::chrono::nanoseconds age);

// Removes the files that were used longest ago until there is room for `coming` bytes below
// `limit`, with some to spare, and what killed processes left. Returns how much is left.
uint64_t make_room(const std::string& folder, uint64_t coming, uint64_t limit);

}  // namespace sapdr::core
