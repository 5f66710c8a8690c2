#include "base/cancel.hpp"

#include <algorithm>
#include <thread>

namespace sapdr::core {

namespace {
thread_local const Cancel* current_cancel = nullptr;
}  // namespace

CancelScope::CancelScope(const Cancel* cancel) noexcept : outer_(current_cancel) {
  if (cancel != nullptr) current_cancel = cancel;
}

CancelScope::~CancelScope() {
  current_cancel = outer_;
}

const Cancel* CancelScope::current() noexcept {
  return current_cancel;
}

bool sleep_until(std::chrono::steady_clock::time_point end) {
  constexpr std::chrono::milliseconds step(50);  // how long a cancel may take to be noticed
  using Clock = std::chrono::steady_clock;
  while (true) {
    if (current_cancel != nullptr && current_cancel->is_triggered()) return false;
    const auto now = Clock::now();
    if (now >= end) return true;
    std::this_thread::sleep_until(std::min<Clock::time_point>(end, now + step));
  }
}

}  // namespace sapdr::core
