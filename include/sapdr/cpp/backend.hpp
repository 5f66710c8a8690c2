/* Where objects lie: backend, and what can be put around one; storage, to write one in C++. */
#pragma once

#include <sapdr/decorators.h>
#include <sapdr/ext/backend.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <sapdr/cpp/azure.hpp>
#include <sapdr/cpp/context.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sapdr {

/* The name of an object. As an argument of a backend it needs no path. */
struct object_name {
  int32_t type = 0; /* SAPDR_OBJECT_* */
  std::string name; /* 64 hexadecimal digits; empty for the config */
  std::string path{};
};

struct object_info {
  std::string_view name;
  uint64_t size = 0;
  int64_t modified_ns = 0; /* 0: not known */
};

/* Storage of your own: derive from it, and give it to backend::of. The contract is that of a table
 * in ext/backend.h. Members are called from any thread, at most max_parallel() at once. What they
 * throw becomes an error of the call: an sapdr::error as it is, anything else SAPDR_E_CALLBACK. */
class storage {
 public:
  using visitor = std::function<void(const object_info&)>;

  storage() = default;
  storage(const storage&) = delete;
  storage& operator=(const storage&) = delete;
  virtual ~storage() = default;

  virtual std::string location() const = 0; /* for messages, without secrets */
  virtual uint32_t max_parallel() const { return 0; /* the default of the library */ }
  /* Whether calls are made again whose error has a retry class that says so. */
  virtual bool retry() const { return true; }
  virtual void create() {}
  virtual uint64_t size(const object_name& object) = 0;
  /* Fills the buffer, less only if the object ends before; returns how many bytes that were. */
  virtual std::size_t load(const object_name& object, uint64_t offset,
                           std::span<std::byte> buffer) = 0;
  virtual void save(const object_name& object, std::span<const std::byte> data) = 0;
  /* What `each` throws is to be let through. */
  virtual void list(int32_t type, const visitor& each) = 0;
  virtual void erase(const object_name& object) = 0;
};

namespace detail {

/* A storage as a table of the C ABI. */
class c_storage {
 public:
  /* Owns nothing: who makes a backend of it gives up `from` when that went well. */
  static sapdr_backend_table table(storage* from, const std::string& location) {
    auto c = initialized<sapdr_backend_table>();
    c.max_parallel = from->max_parallel();
    c.no_retry = from->retry() ? 0 : 1;
    c.location = c_string(location);
    c.user = from;
    c.create = create;
    c.size = size;
    c.load = load;
    c.save = save;
    c.list = list;
    c.erase = erase;
    c.free = free;
    return c;
  }

 private:
  /* Thrown through the list of a storage when the library wants no more. */
  struct list_ended {
    sapdr_status status;
  };

  static storage& self(void* user) noexcept { return *static_cast<storage*>(user); }

  static object_name name(const sapdr_object* object) {
    return {object->type, object->name, object->path};
  }

  template <class Call>
  static sapdr_status run(sapdr_error** err, Call&& call) noexcept {
    try {
      std::forward<Call>(call)();
      return SAPDR_OK;
    } catch (const list_ended& ended) {
      return ended.status;
    } catch (const error& thrown) {
      *err = thrown.copy();
      return thrown.code();
    } catch (const std::bad_alloc&) {
      return SAPDR_E_NO_MEMORY;
    } catch (const std::exception& thrown) {
      *err = sapdr_error_new(SAPDR_E_CALLBACK, thrown.what());
    } catch (...) {
      *err = sapdr_error_new(SAPDR_E_CALLBACK, "it threw what is no std::exception");
    }
    return SAPDR_E_CALLBACK;
  }

  static sapdr_status create(void* user, sapdr_error** err) noexcept {
    return run(err, [&] { self(user).create(); });
  }
  static sapdr_status size(void* user, const sapdr_object* object, uint64_t* size,
                           sapdr_error** err) noexcept {
    return run(err, [&] { *size = self(user).size(name(object)); });
  }
  static sapdr_status load(void* user, const sapdr_object* object, uint64_t offset, void* buffer,
                           std::size_t capacity, std::size_t* loaded, sapdr_error** err) noexcept {
    return run(err, [&] {
      *loaded = self(user).load(name(object), offset, {static_cast<std::byte*>(buffer), capacity});
    });
  }
  static sapdr_status save(void* user, const sapdr_object* object, const void* data,
                           std::size_t size, sapdr_error** err) noexcept {
    return run(err, [&] {
      self(user).save(name(object), {static_cast<const std::byte*>(data), size});
    });
  }
  static sapdr_status list(void* user, int32_t type, sapdr_object_tell tell, void* told,
                           sapdr_error** err) noexcept {
    return run(err, [&] {
      self(user).list(type, [&](const object_info& object) {
        const std::string name(object.name);
        const sapdr_status status = tell(told, name.c_str(), object.size, object.modified_ns);
        if (status != SAPDR_OK) throw list_ended{status};
      });
    });
  }
  static sapdr_status erase(void* user, const sapdr_object* object, sapdr_error** err) noexcept {
    return run(err, [&] { self(user).erase(name(object)); });
  }
  static void free(void* user) noexcept { delete &self(user); }
};

/* The name of an object as the C ABI takes it; borrows it. */
inline sapdr_object c_object(const object_name& name) {
  auto c = initialized<sapdr_object>();
  c.type = name.type;
  c.name = c_string(name.name);
  return c;
}

}  // namespace detail

/* The fields mean what they mean in sapdr_retry_options. */
struct retry_options {
  uint32_t max_attempts = 0;
  std::chrono::nanoseconds max_elapsed{}; /* 0: 15 minutes */
  std::chrono::nanoseconds min_wait{};    /* 0: half a second */
  std::chrono::nanoseconds max_wait{};    /* 0: a minute */
};

/* Bytes a second; 0: not limited. */
struct limit_options {
  uint64_t upload = 0;
  uint64_t download = 0;
};

/* The fields mean what they mean in sapdr_fault_options. */
struct fault_options {
  uint32_t calls = 0;   /* SAPDR_CALL_*; 0: all */
  uint64_t fail_at = 0; /* from 1 on; 0: none */
  uint64_t fail_count = 0;
  double probability = 0;
  uint64_t seed = 0;
  sapdr_status status = SAPDR_OK; /* SAPDR_OK: SAPDR_E_NETWORK */
  bool permanent = false;
  bool lose_answer = false;
};

/* Everything in it may be called from any thread. */
class backend {
 public:
  /* `location` as in backend.h: "/srv/repo", "azure:container:/prefix". Touches nothing. */
  backend(const context& ctx, const std::string& location)
      : backend(ctx.log_, make([&](auto** out, auto** err) {
                  return sapdr_backend_open(out, ctx.get(), detail::c_string(location), err);
                })) {}

  /* Storage in Azure; `location` as in azure.h. Touches nothing. */
  backend(const context& ctx, const std::string& location, const azure_options& options)
      : backend(ctx.log_, make([&](auto** out, auto** err) {
                  const sapdr_azure_options c = detail::c_azure(options);
                  return sapdr_backend_open_azure(out, ctx.get(), detail::c_string(location), &c,
                                                  err);
                })) {}

  /* A backend of a storage of your own. */
  static backend of(const context& ctx, std::unique_ptr<storage> custom) {
    if (!custom) throw error(SAPDR_E_INVALID_ARGUMENT, "the storage is null; it must be given");
    const std::string location = custom->location();
    const sapdr_backend_table table = detail::c_storage::table(custom.get(), location);
    backend made(ctx.log_, make([&](auto** out, auto** err) {
                   return sapdr_backend_from_table(out, ctx.get(), &table, err);
                 }));
    static_cast<void>(custom.release());
    return made;
  }

  /* A backend around this one, which may go before it; see decorators.h. */
  backend with_retry(const retry_options& options = {}) const {
    auto c = detail::initialized<sapdr_retry_options>();
    c.max_attempts = options.max_attempts;
    c.max_elapsed_ns = options.max_elapsed.count();
    c.min_wait_ns = options.min_wait.count();
    c.max_wait_ns = options.max_wait.count();
    return around(
        [&](auto** out, auto** err) { return sapdr_backend_with_retry(out, get(), &c, err); });
  }
  backend with_limit(const limit_options& options) const {
    auto c = detail::initialized<sapdr_limit_options>();
    c.upload = options.upload;
    c.download = options.download;
    return around(
        [&](auto** out, auto** err) { return sapdr_backend_with_limit(out, get(), &c, err); });
  }
  backend with_dry_run() const {
    return around(
        [&](auto** out, auto** err) { return sapdr_backend_with_dry_run(out, get(), err); });
  }
  backend with_fault(const fault_options& options) const {
    auto c = detail::initialized<sapdr_fault_options>();
    c.calls = options.calls;
    c.fail_at = options.fail_at;
    c.fail_count = options.fail_count;
    c.probability = options.probability;
    c.seed = options.seed;
    c.status = options.status;
    c.permanent = options.permanent;
    c.lose_answer = options.lose_answer;
    return around(
        [&](auto** out, auto** err) { return sapdr_backend_with_fault(out, get(), &c, err); });
  }

  std::string_view location() const { return sapdr_backend_location(handle_.get()); }
  uint32_t max_parallel() const { return sapdr_backend_max_parallel(handle_.get()); }
  sapdr_backend* get() const noexcept { return handle_.get(); }

  void create() {
    call([&](auto** err) { return sapdr_backend_create(get(), err); });
  }
  bool exists(const object_name& name) {
    const sapdr_object object = detail::c_object(name);
    int32_t exists = 0;
    call([&](auto** err) { return sapdr_backend_exists(&exists, get(), &object, err); });
    return exists != 0;
  }
  uint64_t size(const object_name& name) {
    const sapdr_object object = detail::c_object(name);
    uint64_t size = 0;
    call([&](auto** err) { return sapdr_backend_size(&size, get(), &object, err); });
    return size;
  }
  /* Fills `buffer`; SAPDR_E_CORRUPT if the object ends before it is full. */
  void load(const object_name& name, uint64_t offset, std::span<std::byte> buffer) {
    const sapdr_object object = detail::c_object(name);
    call([&](auto** err) {
      return sapdr_backend_load(get(), &object, offset, buffer.data(), buffer.size(), err);
    });
  }
  void save(const object_name& name, std::span<const std::byte> data) {
    const sapdr_object object = detail::c_object(name);
    call([&](auto** err) {
      return sapdr_backend_save(get(), &object, data.data(), data.size(), err);
    });
  }
  /* What `each` throws ends the list and comes out of it unchanged. */
  void list(int32_t type, const storage::visitor& each) {
    lister out{&each, {}};
    detail::error_out err;
    const sapdr_status status = sapdr_backend_list(get(), type, lister::forward, &out, err);
    out.thrown.rethrow();
    err.check(status);
  }
  void erase(const object_name& name) {
    const sapdr_object object = detail::c_object(name);
    call([&](auto** err) { return sapdr_backend_erase(get(), &object, err); });
  }

 private:
  struct lister {
    const storage::visitor* each;
    detail::parked_exception thrown;

    static sapdr_status forward(void* told, const char* name, uint64_t size,
                                int64_t modified_ns) noexcept {
      auto* self = static_cast<lister*>(told);
      const object_info object{name, size, modified_ns};
      return self->thrown.run([&] { (*self->each)(object); }) ? SAPDR_OK : SAPDR_E_CALLBACK;
    }
  };

  backend(std::shared_ptr<const void> log, sapdr_backend* owned)
      : log_(std::move(log)), handle_(owned) {}

  template <class Call>
  static void call(Call&& call) {
    detail::error_out err;
    err.check(std::forward<Call>(call)(static_cast<sapdr_error**>(err)));
  }
  template <class Make>
  backend around(Make&& decorate) const {
    return backend(log_, make(std::forward<Make>(decorate)));
  }
  template <class Make>
  static sapdr_backend* make(Make&& make) {
    sapdr_backend* made = nullptr;
    call([&](auto** err) { return std::forward<Make>(make)(&made, err); });
    return made;
  }

  std::shared_ptr<const void> log_;
  detail::handle<sapdr_backend, sapdr_backend_free> handle_;
};

}  // namespace sapdr
