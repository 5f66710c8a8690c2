#include "storage/cache_space.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/error.hpp"
#include "storage/cache_folder.hpp"

namespace sapdr::core {

namespace {

// What takes longer than this to be written belongs to a process that is gone.
constexpr UnixNs longest_write = 3'600'000'000'000;

CacheInfo info_of(const CacheFolder& cache, const std::string& id) {
  CacheInfo info{.repository_id = id, .used = cache.used()};
  for (const FileType type : CacheFolder::types) {
    cache.list(type, [&](const CacheFolder::Entry& entry) {
      ++info.files;
      info.bytes += entry.size;
    });
  }
  return info;
}

struct Candidate {
  size_t repository;  // its number
  FileType type;
  CacheFolder::Entry entry;
};

// Counts what there is in one cache; leftovers go at once.
uint64_t collect(const CacheFolder& cache, size_t repository, std::vector<Candidate>& into) {
  const UnixNs oldest_write = now_ns() - longest_write;
  uint64_t total = 0;
  for (const FileType type : CacheFolder::types) {
    cache.list(type, [&](const CacheFolder::Entry& entry) {
      const bool is_whole = is_object_name(entry.name);
      if (!is_whole && entry.used < oldest_write) return cache.remove(type, entry.name);
      total += entry.size;
      if (is_whole) into.push_back({repository, type, entry});
    });
  }
  return total;
}

}  // namespace

std::vector<CacheInfo> list_caches(const std::string& folder) {
  const Fd all = open_caches(folder);
  std::vector<CacheInfo> infos;
  for (const std::string& id : cached_repositories(all)) {
    if (const auto cache = CacheFolder::find(all, id)) infos.push_back(info_of(*cache, id));
  }
  std::sort(infos.begin(), infos.end(), [](const CacheInfo& a, const CacheInfo& b) {
    return std::tie(b.used, a.repository_id) < std::tie(a.used, b.repository_id);
  });
  return infos;
}

std::vector<CacheInfo> remove_old_caches(const std::string& folder, std::chrono::nanoseconds age) {
  const Fd all = open_caches(folder);
  const UnixNs last = now_ns() - age.count();
  std::vector<CacheInfo> removed;
  std::optional<Error> failure;
  for (const std::string& id : cached_repositories(all)) {
    const auto cache = CacheFolder::find(all, id);
    if (!cache || cache->used() > last) continue;
    const CacheInfo info = info_of(*cache, id);
    try {
      cache->remove_all(all, id);
      removed.push_back(info);
    } catch (const Error& error) {
      if (!failure) failure = error;
    }
  }
  if (failure) throw *failure;
  return removed;
}

uint64_t make_room(const std::string& folder, uint64_t coming, uint64_t limit) {
  const Fd all = open_caches(folder);
  const std::vector<std::string> ids = cached_repositories(all);
  std::vector<Candidate> candidates;
  uint64_t total = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const auto cache = CacheFolder::find(all, ids[i])) total += collect(*cache, i, candidates);
  }
  if (total + coming <= limit) return total;
  // More than is needed, so that not each file that comes asks for all that there is.
  const uint64_t wanted = limit - std::min(limit, coming + limit / 8);
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.entry.used, a.entry.name) < std::tie(b.entry.used, b.entry.name);
  });
  for (const Candidate& candidate : candidates) {
    if (total <= wanted) break;
    const auto cache = CacheFolder::find(all, ids[candidate.repository]);
    if (cache) cache->remove(candidate.type, candidate.entry.name);
    total -= candidate.entry.size;
  }
  return total;
}

}  // namespace sapdr::core
