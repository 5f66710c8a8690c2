// A flag that stops an operation.
#pragma once

#include <atomic>

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

}  // namespace sapdr::core
