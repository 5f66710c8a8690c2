// Tag: the tags of snapshots, changed afterwards.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "observe/progress.hpp"
#include "repository/lock.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

struct TagChange {
  std::vector<std::string> add = {};
  std::vector<std::string> remove = {};
  // These and no others; excludes `add` and `remove`.
  std::optional<std::vector<std::string>> set = {};
};

struct TagResult {
  uint64_t changed = 0;
  uint64_t unchanged = 0;
};

// A snapshot cannot change: one with other tags takes its place, which names the first one as its
// original and is verified if that was. The new one is durable before the old one is erased; one
// whose tags are right already is left alone. Needs an exclusive lock. Tells each snapshot; fills
// in `result` as far as it gets. Throws Code::invalid_argument for a change that makes no sense.
void tag(Repository& repository, const RepositoryLock& lock, const std::vector<Snapshot>& snapshots,
         const TagChange& change, TagResult& result, Progress& progress);

}  // namespace sapdr::core
