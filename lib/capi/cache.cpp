#include <sapdr/cache.h>

#include "capi/handles.hpp"
#include "capi/options.hpp"
#include "storage/cache_space.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

// With the strings that the caches lend.
struct sapdr_cache_list {
  explicit sapdr_cache_list(std::vector<core::CacheInfo> found) : infos(std::move(found)) {
    for (const core::CacheInfo& info : infos) {
      caches.push_back(
          {sizeof(sapdr_cache), 0, info.repository_id.c_str(), info.files, info.bytes, info.used});
    }
  }

  const std::vector<core::CacheInfo> infos;
  std::vector<sapdr_cache> caches;
};

namespace {

std::string read_folder(const char* dir) {
  capi::require(dir, "dir");
  return capi::optional_text(dir, "dir");
}

}  // namespace

sapdr_status sapdr_cache_list_new(sapdr_cache_list** out, sapdr_ctx* ctx, const char* dir,
                                  sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    capi::use(ctx);
    return std::make_unique<sapdr_cache_list>(core::list_caches(read_folder(dir)));
  });
}

size_t sapdr_cache_list_size(const sapdr_cache_list* list) {
  return list == nullptr ? 0 : list->caches.size();
}

const sapdr_cache* sapdr_cache_list_at(const sapdr_cache_list* list, size_t at) {
  return list == nullptr || at >= list->caches.size() ? nullptr : &list->caches[at];
}

void sapdr_cache_list_free(sapdr_cache_list* list) {
  delete list;
}

sapdr_status sapdr_cache_remove(sapdr_cache_list** removed, sapdr_ctx* ctx, const char* dir,
                                int64_t max_age_ns, sapdr_error** err) {
  return capi::guard(err, [&] {
    if (removed != nullptr) *removed = nullptr;
    capi::use(ctx);
    const std::chrono::nanoseconds age(capi::read_duration(max_age_ns, "max_age_ns"));
    auto list = std::make_unique<sapdr_cache_list>(core::remove_old_caches(read_folder(dir), age));
    if (removed != nullptr) *removed = list.release();
  });
}
