// A plan that is looked at, and then run: what Python keeps of it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <utility>

#include "callbacks.hpp"
#include "session.hpp"

namespace sapdr_python {

template <class Plan>
class planned {
 public:
  // `make(repository, observer, cancel)` returns the plan.
  template <class Make>
  planned(std::shared_ptr<session> owner, py::object on_progress, py::object on_item,
          given_cancel cancel, Make&& make)
      : session_(std::move(owner)),
        on_progress_(std::move(on_progress)),
        on_item_(std::move(on_item)) {
    auto made = std::make_shared<state>(std::move(cancel));
    const sapdr::observer observer = observer_for(*session_, on_progress_, on_item_);
    session_->run_long(made->cancel, [&](sapdr::repository& repository) {
      made->repository = session_->repository();
      made->plan.emplace(make(repository, observer, *made->cancel.get()));
    });
    state_ = std::move(made);
  }
  ~planned() {
    if (state_) session_->dispose(std::move(state_));
  }
  planned(const planned&) = delete;
  planned& operator=(const planned&) = delete;

  // Only before it was run.
  const Plan& plan() const { return *state_->plan; }

  // Before it is run: `result call(Plan&)`.
  template <class Call>
  auto before_run(Call&& call) {
    return session_->run_long(state_->cancel, [&](sapdr::repository&) {
      if (!state_->plan) throw sapdr::error(SAPDR_E_INVALID_STATE, "the plan was run already");
      return call(*state_->plan);
    });
  }

  auto run() {
    return session_->run_long(state_->cancel, [this](sapdr::repository&) {
      if (!state_->plan)
        throw sapdr::error(SAPDR_E_INVALID_STATE, "the plan was run already; make a new one");
      // Whatever comes, the plan and the lock that it holds are gone afterwards.
      Plan plan = std::move(*state_->plan);
      state_->plan.reset();
      return plan.run();
    });
  }

 private:
  struct state {
    explicit state(given_cancel given) : cancel(std::move(given)) {}

    std::shared_ptr<sapdr::repository> repository;
    const call_cancel cancel;
    std::optional<Plan> plan;
  };

  std::shared_ptr<session> session_;
  py::object on_progress_, on_item_;
  std::shared_ptr<state> state_;
};

}  // namespace sapdr_python
