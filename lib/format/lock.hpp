// Locks: who uses the repository, and whether alone.
#pragma once

#include <string>

#include "base/time.hpp"

namespace sapdr::core {

struct LockInfo {
  UnixNs time = 0;
  bool exclusive = false;
  std::string hostname;
  std::string username;
  int64_t pid = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

LockInfo parse_lock(std::string_view json, std::string_view what);
std::string lock_json(const LockInfo& lock);

}  // namespace sapdr::core
