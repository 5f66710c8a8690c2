// A flag that stops an operation.
#pragma once

#include <atomic>
#include <chrono>

#include "base/error.hpp"

namespace sapdr::core {

class Cancel {
 public:
  void trigger() noexcept { triggered_.store(true, std::memory_order_relaxed); }
  void reset() noexcept { triggered_.store(false, std::memory_order_relaxed); }
  bool is_triggered() const noexcept { return triggered_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> triggered_{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "trigger() must be signal-safe");
};

// While it lives, this thread works for the operation that `cancel` stops; null changes nothing.
// This is for what waits deep below, where no operation is known: retries and limits of storage.
// Workers hand it on to their threads.
class CancelScope {
 public:
  explicit CancelScope(const Cancel* cancel) noexcept;
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

  // The flag of this thread's operation; null if nothing can stop it.
  static const Cancel* current() noexcept;

 private:
  const Cancel* const outer_;
};

// Sleeps until `end`, or until this thread's operation is cancelled: false then.
[[nodiscard]] bool sleep_until(std::chrono::steady_clock::time_point end);

}  // namespace sapdr::core
