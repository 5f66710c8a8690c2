#include "table_of.hpp"

#include "base/context.hpp"

namespace sapdr::test {

using namespace sapdr::core;

namespace {

const ContextPtr context = std::make_shared<const Context>(Context::Settings{});

sapdr_backend* inner_of(void* user) {
  return &static_cast<Forward*>(user)->inner;
}

sapdr_status create(void* user, sapdr_error** err) {
  return sapdr_backend_create(inner_of(user), err);
}

sapdr_status exists(void* user, const sapdr_object* object, int32_t* exists, sapdr_error** err) {
  return sapdr_backend_exists(exists, inner_of(user), object, err);
}

sapdr_status size(void* user, const sapdr_object* object, uint64_t* size, sapdr_error** err) {
  return sapdr_backend_size(size, inner_of(user), object, err);
}

sapdr_status load(void* user, const sapdr_object* object, uint64_t offset, void* buffer,
                  size_t capacity, size_t* loaded, sapdr_error** err) {
  const sapdr_status status =
      sapdr_backend_load(inner_of(user), object, offset, buffer, capacity, err);
  if (status == SAPDR_OK) *loaded = capacity;
  return status;
}

sapdr_status save(void* user, const sapdr_object* object, const void* data, size_t size,
                  sapdr_error** err) {
  return sapdr_backend_save(inner_of(user), object, data, size, err);
}

sapdr_status list(void* user, int32_t type, sapdr_object_tell tell, void* told, sapdr_error** err) {
  return sapdr_backend_list(inner_of(user), type, tell, told, err);
}

sapdr_status erase(void* user, const sapdr_object* object, sapdr_error** err) {
  return sapdr_backend_erase(inner_of(user), object, err);
}

void release(void* user) {
  const std::unique_ptr<Forward> owned(static_cast<Forward*>(user));
  if (owned->freed != nullptr) ++*owned->freed;
}

}  // namespace

sapdr_backend_table table_of(const BackendPtr& inner, int* freed) {
  sapdr_backend_table table;
  SAPDR_INIT(&table);
  table.no_retry = 1;
  table.location = "table:";
  table.user = new Forward{{context, inner, inner->location()}, freed};
  table.create = create;
  table.exists = exists;
  table.size = size;
  table.load = load;
  table.save = save;
  table.list = list;
  table.erase = erase;
  table.free = release;
  return table;
}

BackendPtr backend_from(const sapdr_backend_table& table) {
  sapdr_ctx ctx{context};
  sapdr_backend* made = nullptr;
  sapdr_error* err = nullptr;
  const sapdr_status status = sapdr_backend_from_table(&made, &ctx, &table, &err);
  if (status != SAPDR_OK) throw capi::callback_error(status, err, "of the test");
  const std::unique_ptr<sapdr_backend> owned(made);
  return owned->backend;
}

}  // namespace sapdr::test
