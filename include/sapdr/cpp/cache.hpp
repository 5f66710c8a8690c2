/* Caches of remote repositories: what there is, and what goes. */
#pragma once

#include <sapdr/cache.h>

#include <chrono>
#include <sapdr/cpp/context.hpp>
#include <string>
#include <vector>

namespace sapdr {

/* The cache of one repository. */
struct cache {
  std::string repository_id{}; /* 64 hexadecimal digits */
  uint64_t files = 0;
  uint64_t bytes = 0;
  int64_t used_ns = 0; /* when the repository was last opened with it */
};

namespace detail {

/* Takes the list over. */
inline std::vector<cache> to_cpp(sapdr_cache_list* owned) {
  const handle<sapdr_cache_list, sapdr_cache_list_free> list(owned);
  std::vector<cache> caches;
  for (std::size_t i = 0; i < sapdr_cache_list_size(owned); ++i) {
    const sapdr_cache& c = *sapdr_cache_list_at(owned, i);
    caches.push_back({c.repository_id, c.files, c.bytes, c.used_ns});
  }
  return caches;
}

}  // namespace detail

/* The caches in the folder `dir`, last used first. */
inline std::vector<cache> cache_list(const context& ctx, const std::string& dir) {
  detail::error_out err;
  sapdr_cache_list* list = nullptr;
  err.check(sapdr_cache_list_new(&list, ctx.get(), detail::c_string(dir), err));
  return detail::to_cpp(list);
}

/* Removes those that were not used for so long, and tells them. */
inline std::vector<cache> cache_remove(const context& ctx, const std::string& dir,
                                       std::chrono::nanoseconds max_age) {
  detail::error_out err;
  sapdr_cache_list* removed = nullptr;
  err.check(sapdr_cache_remove(&removed, ctx.get(), detail::c_string(dir), max_age.count(), err));
  return detail::to_cpp(removed);
}

}  // namespace sapdr
