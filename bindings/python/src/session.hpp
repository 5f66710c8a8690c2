// One open repository, or none, and how a call on it runs: without the GIL, one at a time, and
// stopped by Ctrl-C.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "errors.hpp"
#include "running.hpp"

namespace sapdr_python {

namespace py = pybind11;

class session {
 public:
  explicit session(std::shared_ptr<opened_backend> backend) : backend_(std::move(backend)) {}

  // Lets `open` make the repository of this session:
  // `repository open(const context&, const backend&)`.
  template <class Open>
  void open(Open&& open);

  // A short operation: `result operation(repository&)`, on the calling thread.
  template <class Operation>
  auto run(Operation&& operation);

  // A long operation that `cancel` was given to: `result operation(repository&)`, on a thread of
  // its own, while the calling thread looks for signals and for the caller's wish to stop, and
  // hands on log records.
  template <class Operation>
  auto run_long(const call_cancel& cancel, Operation&& operation);

  // The same for what needs no repository: `result operation(const context&)`.
  template <class Operation>
  auto run_alone(const call_cancel& cancel, Operation&& operation);

  // The same with a second repository, which it holds as long: `result operation(repository&,
  // repository& from)`.
  template <class Operation>
  auto run_long(const call_cancel& cancel, session& from, Operation&& operation);

  void close();
  bool closed() const { return repository_ == nullptr; }

  // The repository; throws SAPDR_E_INVALID_STATE once it is closed.
  sapdr::repository& opened() const;

  // What belongs to a repository keeps it, closed or not, until it is gone itself.
  const std::shared_ptr<sapdr::repository>& repository() const { return repository_; }

  // Destroys what belongs to the repository at a moment when no call runs on it.
  void dispose(std::shared_ptr<void> object);

 private:
  // Holds the repository for one call, from its beginning to its end; the GIL is held at both.
  class exclusive {
   public:
    exclusive(session& owner, const call_cancel* cancel);
    ~exclusive();
    exclusive(const exclusive&) = delete;
    exclusive& operator=(const exclusive&) = delete;

   private:
    const running_call call_;
    const kept_exceptions::call keeping_;
    session& session_;
  };

  // While it lives, a call on `borrower` uses the session, too.
  class lending {
   public:
    lending(session& owner, const session& borrower)
        : owner_(owner), joined_(borrower.backend_->kept(), owner.backend_->kept()) {
      owner_.lent_to_ = &borrower;
    }
    ~lending() { owner_.lent_to_ = nullptr; }
    lending(const lending&) = delete;
    lending& operator=(const lending&) = delete;

   private:
    session& owner_;
    const kept_exceptions::joined joined_;
  };

  // `from`: a second repository of the call, or NULL.
  template <class Result>
  Result wait(std::future<Result>& result, const call_cancel& cancel, session* from);
  void hand_on_logs();
  // Whether this thread runs a callback of a call that uses the session.
  bool in_callback() const;

  static constexpr std::chrono::milliseconds signal_interval{100};

  const std::shared_ptr<opened_backend> backend_;
  std::timed_mutex mutex_;
  std::shared_ptr<sapdr::repository> repository_;  // NULL once closed
  std::atomic<const session*> lent_to_{nullptr};
  std::mutex disposed_mutex_;
  std::vector<std::shared_ptr<void>> disposed_;  // waits for the end of the call that runs
};

// While it lives, Python code runs on this thread on behalf of a session or of the storage that it
// works on; the session then refuses to be called from there: that could only deadlock.
class callback_mark {
 public:
  explicit callback_mark(const void* owner);
  ~callback_mark();
  callback_mark(const callback_mark&) = delete;
  callback_mark& operator=(const callback_mark&) = delete;

  static bool is_set(const void* owner);

 private:
  const void* const owner_;
  const callback_mark* const outer_;
};

// The same on a thread of the library: takes the GIL, or throws if the interpreter is ending.
class callback_scope {
 public:
  explicit callback_scope(const session& owner);

 private:
  const callback_mark mark_;
  std::optional<py::gil_scoped_acquire> gil_;
};

// The same for storage in Python, which still is called when operations come to their ends because
// the interpreter does: locks have to be removed.
class storage_scope {
 public:
  explicit storage_scope(const void* owner);

 private:
  const callback_mark mark_;
  std::optional<py::gil_scoped_acquire> gil_;
};

template <class Open>
void session::open(Open&& open) {
  const exclusive own(*this, nullptr);
  translated(backend_->kept(), [&] {
    const py::gil_scoped_release release;
    repository_ =
        std::make_shared<sapdr::repository>(open(backend_->context(), backend_->storage()));
  });
}

template <class Operation>
auto session::run(Operation&& operation) {
  const exclusive own(*this, nullptr);
  sapdr::repository& repository = opened();
  return translated(backend_->kept(), [&] {
    const py::gil_scoped_release release;
    return operation(repository);
  });
}

template <class Operation>
auto session::run_long(const call_cancel& cancel, Operation&& operation) {
  const exclusive own(*this, &cancel);
  sapdr::repository& repository = opened();
  auto result = std::async(std::launch::async, [&] { return operation(repository); });
  return wait(result, cancel, nullptr);
}

template <class Operation>
auto session::run_long(const call_cancel& cancel, session& from, Operation&& operation) {
  if (&from == this)
    throw sapdr::error(SAPDR_E_INVALID_ARGUMENT, "a repository is not copied into itself");
  // In one order on all threads: another one may want the same two the other way round.
  const bool is_first = std::less<const session*>()(this, &from);
  const exclusive one(is_first ? *this : from, &cancel);
  const exclusive other(is_first ? from : *this, &cancel);
  const lending lent(from, *this);
  sapdr::repository& repository = opened();
  sapdr::repository& source = from.opened();
  auto result = std::async(std::launch::async, [&] { return operation(repository, source); });
  return wait(result, cancel, &from);
}

template <class Operation>
auto session::run_alone(const call_cancel& cancel, Operation&& operation) {
  const exclusive own(*this, &cancel);
  auto result = std::async(std::launch::async, [&] { return operation(backend_->context()); });
  return wait(result, cancel, nullptr);
}

template <class Result>
Result session::wait(std::future<Result>& result, const call_cancel& cancel, session* from) {
  std::optional<py::error_already_set> interrupt;
  const auto finished = [&] {
    const py::gil_scoped_release release;
    return result.wait_for(signal_interval) == std::future_status::ready;
  };
  while (!finished()) {
    hand_on_logs();
    if (from != nullptr) from->hand_on_logs();
    cancel.pass_on();
    if (PyErr_CheckSignals() == 0) continue;
    if (interrupt) {
      PyErr_Clear();
    } else {
      interrupt.emplace();
      cancel.trigger();
    }
  }
  if (!interrupt) return translated(backend_->kept(), [&] { return result.get(); });
  try {
    result.get();
  } catch (...) {
    // It ended because of the interrupt, which says more.
  }
  throw std::move(*interrupt);
}

}  // namespace sapdr_python
