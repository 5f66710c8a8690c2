#include "running.hpp"

#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>

namespace sapdr_python {

running_calls& running_calls::instance() {
  static running_calls calls;
  return calls;
}

void running_calls::add(const call_cancel* cancel) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(cancel);
}

void running_calls::remove(const call_cancel* cancel) {
  const std::lock_guard lock(mutex_);
  calls_.erase(std::find(calls_.begin(), calls_.end(), cancel));
  ended_.notify_all();
}

bool running_calls::closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

bool running_calls::ended() const {
  const std::lock_guard lock(mutex_);
  return is_over_;
}

void running_calls::shut_down() {
  // Long enough for any chunk to be finished; a source that blocks for ever must not keep the
  // process from ending.
  constexpr std::chrono::seconds patience(10);
  const pybind11::gil_scoped_release release;
  std::unique_lock lock(mutex_);
  closing_ = true;
  for (const call_cancel* cancel : calls_)
    if (cancel != nullptr) cancel->trigger();
  ended_.wait_for(lock, patience, [this] { return calls_.empty(); });
  is_over_ = true;
}

}  // namespace sapdr_python
