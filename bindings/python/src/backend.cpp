// Backends: opened, made of an object, and called.
#include "backend.hpp"

#include <pybind11/chrono.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "convert.hpp"
#include "custom_storage.hpp"
#include "errors.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

sapdr::context context_for(const std::shared_ptr<log_queue>& log, sapdr::context_options options) {
  options.log_level = log_level();
  options.on_log = [log](const sapdr::log_record& record) { log->push(record); };
  return sapdr::context(options);
}

// The number that the library gives a name of sapdr_object_type_name.
int32_t type_number(std::string_view type) {
  for (int32_t i = SAPDR_OBJECT_CONFIG; i <= SAPDR_OBJECT_VERIFIED; ++i)
    if (type == sapdr_object_type_name(i)) return i;
  throw sapdr::error(SAPDR_E_INVALID_ARGUMENT,
                     "\"" + std::string(type) + "\" is no type of a stored object");
}

sapdr::object_name object_of(const std::string& type, const std::string& name) {
  return {type_number(type), name};
}

py::bytes load(const opened_backend& self, const std::string& type, const std::string& name,
               uint64_t offset, std::size_t size) {
  // Not zeroed, and only the buffer: nobody else can see it yet.
  auto data = py::reinterpret_steal<py::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!data) throw py::error_already_set();
  auto* begin = reinterpret_cast<std::byte*>(PyBytes_AS_STRING(data.ptr()));
  self.run([&](sapdr::backend& storage) {
    storage.load(object_of(type, name), offset, {begin, size});
  });
  return data;
}

std::vector<std::tuple<std::string, uint64_t, int64_t>> list(const opened_backend& self,
                                                             const std::string& type) {
  return self.run([&](sapdr::backend& storage) {
    std::vector<std::tuple<std::string, uint64_t, int64_t>> objects;
    storage.list(type_number(type), [&](const sapdr::object_info& object) {
      objects.emplace_back(object.name, object.size, object.modified_ns);
    });
    return objects;
  });
}

void save(const opened_backend& self, const std::string& type, const std::string& name,
          const py::bytes& data) {
  const std::string_view view(data);
  self.run([&](sapdr::backend& storage) {
    storage.save(object_of(type, name), std::as_bytes(std::span(view)));
  });
}

using std::chrono::nanoseconds;

std::shared_ptr<opened_backend> with_retry(const opened_backend& self, uint32_t max_attempts,
                                           nanoseconds max_elapsed, nanoseconds min_wait,
                                           nanoseconds max_wait) {
  return self.around([&](const sapdr::backend& storage) {
    return storage.with_retry({.max_attempts = max_attempts,
                               .max_elapsed = max_elapsed,
                               .min_wait = min_wait,
                               .max_wait = max_wait});
  });
}

std::shared_ptr<opened_backend> with_limit(const opened_backend& self, uint64_t upload,
                                           uint64_t download) {
  return self.around([&](const sapdr::backend& storage) {
    return storage.with_limit({.upload = upload, .download = download});
  });
}

std::shared_ptr<opened_backend> with_dry_run(const opened_backend& self) {
  return self.around([](const sapdr::backend& storage) { return storage.with_dry_run(); });
}

std::shared_ptr<opened_backend> with_fault(const opened_backend& self, uint32_t calls,
                                           uint64_t fail_at, uint64_t fail_count,
                                           double probability, uint64_t seed, sapdr_status status,
                                           bool permanent, bool lose_answer) {
  return self.around([&](const sapdr::backend& storage) {
    return storage.with_fault({.calls = calls,
                               .fail_at = fail_at,
                               .fail_count = fail_count,
                               .probability = probability,
                               .seed = seed,
                               .status = status,
                               .permanent = permanent,
                               .lose_answer = lose_answer});
  });
}

}  // namespace

opened_backend::common::common()
    : log(std::make_shared<log_queue>()),
      kept(std::make_shared<kept_exceptions>()),
      context(context_for(log, {})) {}

sapdr::context opened_backend::paced(sapdr::context_options options) const {
  return context_for(common_->log, std::move(options));
}

std::shared_ptr<opened_backend> opened_backend::open(const std::string& location) {
  const auto shared = std::make_shared<common>();
  return std::make_shared<opened_backend>(shared, sapdr::backend(shared->context, location));
}

std::shared_ptr<opened_backend> opened_backend::open_azure(const std::string& location,
                                                           const sapdr::azure_options& options) {
  const auto shared = std::make_shared<common>();
  return std::make_shared<opened_backend>(shared,
                                          sapdr::backend(shared->context, location, options));
}

std::shared_ptr<opened_backend> opened_backend::from_object(py::object adapter,
                                                            const std::string& location,
                                                            uint32_t max_parallel, bool retry) {
  const auto shared = std::make_shared<common>();
  return std::make_shared<opened_backend>(
      shared, sapdr::backend::of(shared->context,
                                 make_custom_storage(std::move(adapter), location, max_parallel,
                                                     retry, shared->kept, shared->kept.get())));
}

void bind_backend(py::module_& module) {
  using py::arg;
  using self = opened_backend;
  py::class_<self, std::shared_ptr<self>>(module, "Backend")
      .def_static("open", &self::open, arg("location"))
      .def_static("open_azure", &self::open_azure, arg("location"), arg("options"))
      .def_static("from_object", &self::from_object, arg("custom"), arg("location"),
                  arg("max_parallel"), arg("retry"))
      .def("with_retry", &with_retry, arg("max_attempts"), arg("max_elapsed"), arg("min_wait"),
           arg("max_wait"))
      .def("with_limit", &with_limit, arg("upload"), arg("download"))
      .def("with_dry_run", &with_dry_run)
      .def("with_fault", &with_fault, arg("calls"), arg("fail_at"), arg("fail_count"),
           arg("probability"), arg("seed"), arg("status"), arg("permanent"), arg("lose_answer"))
      .def_property_readonly("location",
                             [](const self& of) { return path_text(of.storage().location()); })
      .def_property_readonly("max_parallel",
                             [](const self& of) { return of.storage().max_parallel(); })
      .def("create",
           [](const self& of) { of.run([](sapdr::backend& storage) { storage.create(); }); })
      .def(
          "exists",
          [](const self& of, const std::string& type, const std::string& name) {
            return of.run(
                [&](sapdr::backend& storage) { return storage.exists(object_of(type, name)); });
          },
          arg("type"), arg("name"))
      .def(
          "size",
          [](const self& of, const std::string& type, const std::string& name) {
            return of.run(
                [&](sapdr::backend& storage) { return storage.size(object_of(type, name)); });
          },
          arg("type"), arg("name"))
      .def("load", &load, arg("type"), arg("name"), arg("offset"), arg("size"))
      .def("save", &save, arg("type"), arg("name"), arg("data"))
      .def("list", &list, arg("type"))
      .def(
          "erase",
          [](const self& of, const std::string& type, const std::string& name) {
            of.run([&](sapdr::backend& storage) { storage.erase(object_of(type, name)); });
          },
          arg("type"), arg("name"));
}

}  // namespace sapdr_python
