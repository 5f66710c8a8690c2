// Repair of the index, of packs and of snapshots.
#include <pybind11/pybind11.h>

#include <memory>
#include <sapdr/sapdr.hpp>

#include "bind.hpp"
#include "callbacks.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

template <class Run>
py::object repair(session& self, sapdr::repair_options& options, const py::object& on_progress,
                  const py::object& on_item, const given_cancel& given, Run run) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(cancel, run));
}

py::object repair_index(session& self, sapdr::repair_options options, const py::object& on_progress,
                        const py::object& on_item, const given_cancel& given) {
  return repair(self, options, on_progress, on_item, given,
                [&](sapdr::repository& repository) { return repository.repair_index(options); });
}

py::object repair_packs(session& self, sapdr::repair_options options, const py::object& on_progress,
                        const py::object& on_item, const given_cancel& given) {
  return repair(self, options, on_progress, on_item, given,
                [&](sapdr::repository& repository) { return repository.repair_packs(options); });
}

py::object repair_snapshots(session& self, sapdr::repair_options options,
                            const sapdr::snapshot_filter& filter, const py::object& on_progress,
                            const py::object& on_item, const given_cancel& given) {
  return repair(self, options, on_progress, on_item, given, [&](sapdr::repository& repository) {
    return repository.repair_snapshots(options, filter);
  });
}

}  // namespace

void bind_repair(repository_class& repository) {
  using py::arg;
  repository
      .def("repair_index", &repair_index, arg("options"), arg("on_progress"), arg("on_item"),
           arg("cancel"))
      .def("repair_packs", &repair_packs, arg("options"), arg("on_progress"), arg("on_item"),
           arg("cancel"))
      .def("repair_snapshots", &repair_snapshots, arg("options"), arg("filter"), arg("on_progress"),
           arg("on_item"), arg("cancel"));
}

}  // namespace sapdr_python
