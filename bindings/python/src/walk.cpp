// Iterating over a snapshot.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <string>
#include <utility>

#include "bind.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

class walk_iterator {
 public:
  walk_iterator(std::shared_ptr<session> owner, const std::string& snapshot,
                const sapdr::walk_options& options)
      : session_(std::move(owner)), state_(session_->run([&](sapdr::repository& repository) {
          return std::make_shared<state>(session_->repository(),
                                         repository.walk(snapshot, options));
        })) {}
  ~walk_iterator() {
    if (state_) session_->dispose(std::move(state_));
  }
  walk_iterator(const walk_iterator&) = delete;
  walk_iterator& operator=(const walk_iterator&) = delete;

  py::object next() {
    return session_->run([this](sapdr::repository&) {
      const auto node = state_ ? state_->walk.next() : std::nullopt;
      if (!node) {
        state_.reset();  // and with it the lock that a walk holds
        throw py::stop_iteration();
      }
      // The node is borrowed until the walk goes on: it is copied while no other thread can do
      // that.
      const py::gil_scoped_acquire gil;
      return to_python(*node);
    });
  }

 private:
  struct state {
    state(std::shared_ptr<sapdr::repository> keep, sapdr::walk begun)
        : repository(std::move(keep)), walk(std::move(begun)) {}
    std::shared_ptr<sapdr::repository> repository;
    sapdr::walk walk;
  };

  std::shared_ptr<session> session_;
  std::shared_ptr<state> state_;
};

}  // namespace

void bind_walk(py::module_& module) {
  py::class_<walk_iterator>(module, "Walk")
      .def(py::init<std::shared_ptr<session>, const std::string&, const sapdr::walk_options&>(),
           py::arg("repository"), py::arg("snapshot"), py::arg("options"))
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", &walk_iterator::next);
}

}  // namespace sapdr_python
