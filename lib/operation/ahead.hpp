// A value that is made on another thread while its user is still busy with others.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/workers.hpp"

namespace sapdr::core {

template <class Value>
class Ahead {
 public:
  Ahead() = default;  // nothing is being made

  // What `make` throws is thrown by take(). The workers must not be stopped before take() or the
  // end of this object.
  template <class Make>
  static Ahead start(Workers& workers, Make make) {
    Ahead ahead;
    ahead.state_ = std::make_shared<State>();
    workers.submit([state = ahead.state_, make = std::move(make)] { state->fill(make); });
    return ahead;
  }

  bool is_started() const { return state_ != nullptr; }

  // Of one that was started: whether take() would not wait.
  bool is_ready() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value || state_->error;
  }

  // Waits for it. Once.
  Value take() {
    const std::shared_ptr<State> state = std::move(state_);
    std::unique_lock lock(state->mutex);
    state->ready.wait(lock, [&] { return state->value || state->error; });
    if (state->error) throw Error(*state->error);
    return *std::move(state->value);
  }

 private:
  // Errors travel as values: an exception would be shared by two threads.
  struct State {
    template <class Make>
    void fill(const Make& make) {
      std::optional<Value> made;
      std::optional<Error> failure;
      try {
        made = make();
      } catch (...) {
        failure = current_error();
      }
      const std::lock_guard lock(mutex);
      value = std::move(made);
      error = std::move(failure);
      ready.notify_all();
    }

    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Value> value;
    std::optional<Error> error;
  };
  std::shared_ptr<State> state_;
};

}  // namespace sapdr::core
