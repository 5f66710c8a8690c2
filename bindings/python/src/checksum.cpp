// Checksums and manifests: what needs no repository. Each call has a session of its own.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <mutex>
#include <sapdr/sapdr.hpp>
#include <span>
#include <string>

#include "bind.hpp"
#include "callbacks.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

// The bytes of an object, which must be contiguous; it cannot change its size meanwhile.
class borrowed_bytes {
 public:
  explicit borrowed_bytes(const py::handle& object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
  }
  ~borrowed_bytes() { PyBuffer_Release(&view_); }
  borrowed_bytes(const borrowed_bytes&) = delete;
  borrowed_bytes& operator=(const borrowed_bytes&) = delete;

  std::span<const std::byte> get() const {
    return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
};

// A hasher that several threads may use.
class shared_hasher {
 public:
  void update(const py::object& data) {
    const borrowed_bytes bytes(data);
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    hasher_.update(bytes.get());
  }
  std::string final() {
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    return sapdr::to_hex(hasher_.final());
  }

 private:
  std::mutex mutex_;
  sapdr::hasher hasher_;
};

std::string sha256(const py::object& data) {
  const borrowed_bytes bytes(data);
  const py::gil_scoped_release release;
  return sapdr::to_hex(sapdr::sha256(bytes.get()));
}

std::string checksum_file(const std::string& path, const py::object& on_progress,
                          const given_cancel& given) {
  session own(opened_backend::none());
  const call_cancel cancel(given);
  const sapdr::observer observer = observer_for(own, on_progress, py::none());
  return own.run_alone(cancel, [&](const sapdr::context&) {
    return sapdr::to_hex(sapdr::checksum_file(path, observer, cancel.get()));
  });
}

py::object checksum_tree(const std::string& folder, const py::function& on_file,
                         sapdr::checksum_options options, const py::object& on_progress,
                         const py::object& on_item, const given_cancel& given) {
  session own(opened_backend::none());
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(own, on_progress, on_item);
  const auto each = teller_for<sapdr::file_checksum>(own, on_file);
  return to_python(own.run_alone(cancel, [&](const sapdr::context& context) {
    return sapdr::checksum_tree(context, folder, each, options);
  }));
}

py::object manifest_write(const std::string& folder, const std::string& manifest,
                          sapdr::checksum_options options, const py::object& on_progress,
                          const py::object& on_item, const given_cancel& given) {
  session own(opened_backend::none());
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(own, on_progress, on_item);
  return to_python(own.run_alone(cancel, [&](const sapdr::context& context) {
    return sapdr::manifest_write(context, folder, manifest, options);
  }));
}

py::object manifest_verify(const std::string& folder, const std::string& manifest,
                           sapdr::manifest_verify_options options, const py::object& on_progress,
                           const py::object& on_item, const given_cancel& given) {
  session own(opened_backend::none());
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(own, on_progress, on_item);
  return to_python(own.run_alone(cancel, [&](const sapdr::context& context) {
    return sapdr::manifest_verify(context, folder, manifest, options);
  }));
}

}  // namespace

void bind_checksum(py::module_& module) {
  using py::arg;
  py::class_<shared_hasher>(module, "Hasher")
      .def(py::init<>())
      .def("update", &shared_hasher::update, arg("data"))
      .def("final", &shared_hasher::final);
  module.def("sha256", &sha256, arg("data"));
  module.def("checksum_file", &checksum_file, arg("path"), arg("on_progress"), arg("cancel"));
  module.def("checksum_tree", &checksum_tree, arg("folder"), arg("on_file"), arg("options"),
             arg("on_progress"), arg("on_item"), arg("cancel"));
  module.def("manifest_write", &manifest_write, arg("folder"), arg("manifest"), arg("options"),
             arg("on_progress"), arg("on_item"), arg("cancel"));
  module.def("manifest_verify", &manifest_verify, arg("folder"), arg("manifest"), arg("options"),
             arg("on_progress"), arg("on_item"), arg("cancel"));
}

}  // namespace sapdr_python
