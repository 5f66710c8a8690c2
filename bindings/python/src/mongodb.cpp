// MongoDB: its backup, and which times can be restored.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <sapdr/sapdr.hpp>
#include <string>

#include "bind.hpp"
#include "callbacks.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

py::object backup_mongodb(session& self, const std::string& uri,
                          const sapdr::mongodb_options& mongodb, sapdr::backup_options options,
                          const py::object& on_progress, const py::object& on_item,
                          const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.backup_mongodb(uri, mongodb, options);
  }));
}

py::list mongodb_timeline(session& self, const given_cancel& given) {
  const call_cancel cancel(given);
  py::list all;
  for (const sapdr::mongodb_range& each : self.run_long(cancel, [&](sapdr::repository& repository) {
         return repository.mongodb_timeline(cancel.get());
       })) {
    all.append(to_python(each));
  }
  return all;
}

}  // namespace

void bind_mongodb(py::module_& module, repository_class& repository) {
  using py::arg;
  using options = sapdr::mongodb_options;
  py::class_<options>(module, "MongodbOptions")
      .def(py::init<>())
      .def_readwrite("full", &options::full)
      .def_readwrite("includes", &options::includes)
      .def_readwrite("excludes", &options::excludes)
      .def_readwrite("limit_read", &options::limit_read)
      .def_readwrite("batch_documents", &options::batch_documents);
  repository
      .def("backup_mongodb", &backup_mongodb, arg("uri"), arg("mongodb"), arg("options"),
           arg("on_progress"), arg("on_item"), arg("cancel"))
      .def("mongodb_timeline", &mongodb_timeline, arg("cancel"));
}

}  // namespace sapdr_python
