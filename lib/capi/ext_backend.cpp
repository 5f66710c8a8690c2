#include <sapdr/ext/backend.h>

#include "capi/handles.hpp"
#include "capi/options.hpp"
#include "storage/foreign.hpp"
#include "storage/retry.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

// Frees what a table belongs to, once that is the library's.
class TableOwner {
 public:
  TableOwner() = default;
  ~TableOwner() {
    if (table_.free != nullptr) table_.free(table_.user);
  }
  TableOwner(const TableOwner&) = delete;
  TableOwner& operator=(const TableOwner&) = delete;

  void take_over(const sapdr_backend_table& table) noexcept { table_ = table; }

 private:
  sapdr_backend_table table_{};
};

core::FileType read_type(int32_t type) {
  capi::require_range(type, SAPDR_OBJECT_CONFIG, SAPDR_OBJECT_VERIFIED, "type");
  return static_cast<core::FileType>(type - SAPDR_OBJECT_CONFIG);
}

// The backend sees to it that the name is one.
core::FileName read_name(const sapdr_object* object) {
  capi::require(object, "object");
  const sapdr_object given = capi::read_options(object, "object");
  return {read_type(given.type), &capi::require(given.name, "name")};
}

}  // namespace

sapdr_status sapdr_backend_from_table(sapdr_backend** out, sapdr_ctx* ctx,
                                      const sapdr_backend_table* table, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::ContextPtr& context = capi::use(ctx);
    const sapdr_backend_table given = capi::read_options(&capi::require(table, "table"), "table");
    capi::require_unused(given.reserved);
    const auto owner = std::make_shared<TableOwner>();
    core::BackendPtr backend = core::open_foreign(given, capi::callback_error, owner);
    if (given.no_retry == 0) backend = core::with_retry(context, std::move(backend));
    auto handle = capi::new_backend(context, std::move(backend));
    owner->take_over(given);
    return handle;
  });
}

const char* sapdr_object_type_name(int32_t type) {
  if (type < SAPDR_OBJECT_CONFIG || type > SAPDR_OBJECT_VERIFIED) return "unknown";
  return core::to_string(static_cast<core::FileType>(type - SAPDR_OBJECT_CONFIG));
}

uint32_t sapdr_backend_max_parallel(const sapdr_backend* backend) {
  return backend == nullptr ? 0 : backend->backend->max_parallel();
}

sapdr_status sapdr_backend_create(sapdr_backend* backend, sapdr_error** err) {
  return capi::guard(err, [&] { capi::use(backend)->create(); });
}

sapdr_status sapdr_backend_exists(int32_t* exists, sapdr_backend* backend,
                                  const sapdr_object* object, sapdr_error** err) {
  return capi::guard(err, [&] {
    int32_t& answer = capi::require(exists, "exists");
    answer = 0;
    answer = capi::use(backend)->exists(read_name(object)) ? 1 : 0;
  });
}

sapdr_status sapdr_backend_size(uint64_t* size, sapdr_backend* backend, const sapdr_object* object,
                                sapdr_error** err) {
  return capi::guard(err, [&] {
    uint64_t& answer = capi::require(size, "size");
    answer = 0;
    answer = capi::use(backend)->size_of(read_name(object));
  });
}

sapdr_status sapdr_backend_load(sapdr_backend* backend, const sapdr_object* object, uint64_t offset,
                                void* buffer, size_t size, sapdr_error** err) {
  return capi::guard(err, [&] {
    if (size > 0) capi::require(static_cast<std::byte*>(buffer), "buffer");
    capi::use(backend)->load(read_name(object), offset, {static_cast<std::byte*>(buffer), size});
  });
}

sapdr_status sapdr_backend_save(sapdr_backend* backend, const sapdr_object* object,
                                const void* data, size_t size, sapdr_error** err) {
  return capi::guard(err, [&] {
    if (size > 0) capi::require(static_cast<const std::byte*>(data), "data");
    capi::use(backend)->save(read_name(object), {static_cast<const std::byte*>(data), size});
  });
}

sapdr_status sapdr_backend_list(sapdr_backend* backend, int32_t type, sapdr_object_tell tell,
                                void* told, sapdr_error** err) {
  return capi::guard(err, [&] {
    capi::require(tell, "tell");
    capi::use(backend)->list(read_type(type), [&](const core::ObjectInfo& object) {
      const sapdr_status status =
          tell(told, std::string(object.name).c_str(), object.size, object.modified);
      if (status != SAPDR_OK) throw capi::callback_error(status, nullptr, "\"tell\"");
    });
  });
}

sapdr_status sapdr_backend_erase(sapdr_backend* backend, const sapdr_object* object,
                                 sapdr_error** err) {
  return capi::guard(err, [&] { capi::use(backend)->erase(read_name(object)); });
}
