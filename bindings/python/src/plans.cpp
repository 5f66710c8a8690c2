// What is planned, and then run: restore, forget, prune. What a plan says is kept, so that it can
// still be read after the run.
#include <pybind11/chrono.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <string>
#include <utility>

#include "bind.hpp"
#include "convert.hpp"
#include "planned.hpp"

namespace sapdr_python {

namespace {

class planned_restore {
 public:
  planned_restore(std::shared_ptr<session> owner, const std::string& snapshot,
                  const std::optional<std::string>& target, sapdr::restore_options options,
                  py::object on_progress, py::object on_item, given_cancel given)
      : planned_(std::move(owner), std::move(on_progress), std::move(on_item), std::move(given),
                 [&](sapdr::repository& repository, const sapdr::observer& observer,
                     const sapdr::cancel_source& cancel) {
                   options.observer = observer;
                   options.cancel = &cancel;
                   return repository.restore_plan(snapshot, target, options);
                 }),
        stats_(to_python(planned_.plan().stats())),
        snapshot_(to_python(planned_.plan().snapshot())),
        target_(path_text(planned_.plan().target())) {}

  py::object stats() const { return stats_; }
  py::object snapshot() const { return snapshot_; }
  py::object target() const { return target_; }
  py::object warm_up(std::chrono::nanoseconds wait, std::chrono::nanoseconds interval) {
    return to_python(planned_.before_run([&](sapdr::restore_plan& plan) {
      return plan.warm_up({.wait = wait, .interval = interval});
    }));
  }
  py::object run() { return to_python(planned_.run()); }

 private:
  planned<sapdr::restore_plan> planned_;
  py::object stats_, snapshot_, target_;
};

class planned_forget {
 public:
  planned_forget(std::shared_ptr<session> owner, sapdr::forget_options options,
                 const sapdr::snapshot_filter& filter, py::object on_progress, py::object on_item,
                 given_cancel given)
      : planned_(std::move(owner), std::move(on_progress), std::move(on_item), std::move(given),
                 [&](sapdr::repository& repository, const sapdr::observer& observer,
                     const sapdr::cancel_source& cancel) {
                   options.observer = observer;
                   options.cancel = &cancel;
                   return repository.forget_plan(options, filter);
                 }),
        decisions_(planned_.plan().size()) {
    for (std::size_t i = 0; i < planned_.plan().size(); ++i)
      decisions_[i] = to_python(planned_.plan()[i]);
  }

  py::tuple decisions() const { return decisions_; }
  py::object run() { return forget_result(planned_.run()); }

 private:
  planned<sapdr::forget_plan> planned_;
  py::tuple decisions_;
};

class planned_prune {
 public:
  planned_prune(std::shared_ptr<session> owner, sapdr::prune_options options,
                py::object on_progress, py::object on_item, given_cancel given)
      : planned_(std::move(owner), std::move(on_progress), std::move(on_item), std::move(given),
                 [&](sapdr::repository& repository, const sapdr::observer& observer,
                     const sapdr::cancel_source& cancel) {
                   options.observer = observer;
                   options.cancel = &cancel;
                   return repository.prune_plan(options);
                 }),
        stats_(to_python(planned_.plan().stats())) {}

  py::object stats() const { return stats_; }
  py::object run() { return to_python(planned_.run()); }

 private:
  planned<sapdr::prune_plan> planned_;
  py::object stats_;
};

}  // namespace

void bind_plans(py::module_& module) {
  using py::arg;
  py::class_<planned_restore>(module, "RestorePlan")
      .def(py::init<std::shared_ptr<session>, const std::string&, const std::optional<std::string>&,
                    sapdr::restore_options, py::object, py::object, given_cancel>(),
           arg("repository"), arg("snapshot"), arg("target"), arg("options"), arg("on_progress"),
           arg("on_item"), arg("cancel"))
      .def_property_readonly("stats", &planned_restore::stats)
      .def_property_readonly("snapshot", &planned_restore::snapshot)
      .def_property_readonly("target", &planned_restore::target)
      .def("warm_up", &planned_restore::warm_up, py::arg("wait"), py::arg("interval"))
      .def("run", &planned_restore::run);
  py::class_<planned_forget>(module, "ForgetPlan")
      .def(py::init<std::shared_ptr<session>, sapdr::forget_options, const sapdr::snapshot_filter&,
                    py::object, py::object, given_cancel>(),
           arg("repository"), arg("options"), arg("filter"), arg("on_progress"), arg("on_item"),
           arg("cancel"))
      .def_property_readonly("decisions", &planned_forget::decisions)
      .def("run", &planned_forget::run);
  py::class_<planned_prune>(module, "PrunePlan")
      .def(py::init<std::shared_ptr<session>, sapdr::prune_options, py::object, py::object,
                    given_cancel>(),
           arg("repository"), arg("options"), arg("on_progress"), arg("on_item"), arg("cancel"))
      .def_property_readonly("stats", &planned_prune::stats)
      .def("run", &planned_prune::run);
}

}  // namespace sapdr_python
