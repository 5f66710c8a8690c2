// A restore that is planned, and then run.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <string>
#include <utility>

#include "bind.hpp"
#include "callbacks.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

class planned_restore {
 public:
  planned_restore(std::shared_ptr<session> owner, const std::string& snapshot,
                  const std::optional<std::string>& target, sapdr::restore_options options,
                  py::object on_progress, py::object on_item)
      : session_(std::move(owner)),
        on_progress_(std::move(on_progress)),
        on_item_(std::move(on_item)) {
    auto made = std::make_shared<state>();
    options.observer = observer_for(*session_, on_progress_, on_item_);
    options.cancel = &made->cancel;
    session_->run_long(made->cancel, [&](sapdr::repository& repository) {
      made->repository = session_->repository();
      made->plan.emplace(repository.restore_plan(snapshot, target, options));
    });
    state_ = std::move(made);
    stats_ = to_python(state_->plan->stats());
    snapshot_ = to_python(state_->plan->snapshot());
    target_ = path_text(state_->plan->target());
  }
  ~planned_restore() {
    if (state_) session_->dispose(std::move(state_));
  }
  planned_restore(const planned_restore&) = delete;
  planned_restore& operator=(const planned_restore&) = delete;

  py::object stats() const { return stats_; }
  py::object snapshot() const { return snapshot_; }
  py::object target() const { return target_; }

  py::object run() {
    return to_python(session_->run_long(state_->cancel, [this](sapdr::repository&) {
      if (!state_->plan)
        throw sapdr::error(SAPDR_E_INVALID_STATE, "the plan was run already; make a new one");
      // Whatever comes, the plan and the lock that it holds are gone afterwards.
      sapdr::restore_plan plan = std::move(*state_->plan);
      state_->plan.reset();
      return plan.run();
    }));
  }

 private:
  struct state {
    std::shared_ptr<sapdr::repository> repository;
    sapdr::cancel_source cancel;
    std::optional<sapdr::restore_plan> plan;
  };

  std::shared_ptr<session> session_;
  py::object on_progress_, on_item_;
  py::object stats_, snapshot_, target_;
  std::shared_ptr<state> state_;
};

}  // namespace

void bind_restore_plan(py::module_& module) {
  py::class_<planned_restore>(module, "RestorePlan")
      .def(py::init<std::shared_ptr<session>, const std::string&, const std::optional<std::string>&,
                    sapdr::restore_options, py::object, py::object>(),
           py::arg("repository"), py::arg("snapshot"), py::arg("target"), py::arg("options"),
           py::arg("on_progress"), py::arg("on_item"))
      .def_property_readonly("stats", &planned_restore::stats)
      .def_property_readonly("snapshot", &planned_restore::snapshot)
      .def_property_readonly("target", &planned_restore::target)
      .def("run", &planned_restore::run);
}

}  // namespace sapdr_python
