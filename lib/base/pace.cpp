#include "base/pace.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include "base/cancel.hpp"

namespace sapdr::core {

namespace {

// How much that was not used may be made up for: a short time, or others would feel it.
constexpr std::chrono::milliseconds burst(100);
// Less is not worth going to sleep for.
constexpr std::chrono::milliseconds least_charged(2);

// Of linux/ioprio.h, which older kernels' headers lack.
constexpr int ioprio_who_process = 1;
constexpr int ioprio_class_best_effort = 2;
constexpr int ioprio_class_idle = 3;
constexpr int ioprio_class_shift = 13;

thread_local Pace* current_pace = nullptr;
// What this thread had used when it was counted last.
thread_local std::chrono::nanoseconds counted{0};

std::chrono::nanoseconds thread_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// Both calls mean the calling thread by 0.
int set_nice(int nice) {
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, 0);
  if (errno != 0) return errno;
  return now >= nice || ::setpriority(PRIO_PROCESS, 0, nice) == 0 ? 0 : errno;
}

int set_io(IoClass io_class, unsigned level) {
  if (io_class == IoClass::unchanged) return 0;
  const int value = io_class == IoClass::idle
                        ? ioprio_class_idle << ioprio_class_shift
                        : ioprio_class_best_effort << ioprio_class_shift | static_cast<int>(level);
  return ::syscall(SYS_ioprio_set, ioprio_who_process, 0, value) == 0 ? 0 : errno;
}

}  // namespace

std::string Pace::step_back() const {
  const auto refused = [](const char* what, int error) {
    return std::string(what) +
           " of a thread could not be set: " + std::generic_category().message(error);
  };
  if (const int error = set_nice(settings_.nice); error != 0)
    return refused("the nice value", error);
  const int error = set_io(settings_.io_class, settings_.io_level);
  return error == 0 ? "" : refused("the I/O class", error);
}

Pace::Clock::time_point Pace::charge(std::chrono::nanoseconds cpu, Clock::time_point now) {
  const auto time = cpu * 100 / settings_.limit_cpu;
  const std::lock_guard lock(mutex_);
  next_ = std::max<Clock::time_point>(next_, now - burst) + time;
  return next_;
}

PaceScope::PaceScope(Pace* pace) noexcept {
  current_pace = pace;
  counted = thread_time();
}

// Nobody waits here: what is left is charged, and whoever comes next waits for it.
PaceScope::~PaceScope() {
  if (current_pace != nullptr && current_pace->is_limited()) {
    current_pace->charge(thread_time() - counted, Pace::Clock::now());
  }
  current_pace = nullptr;
}

Pace* PaceScope::current() noexcept {
  return current_pace;
}

void keep_pace() {
  if (current_pace == nullptr || !current_pace->is_limited()) return;
  const std::chrono::nanoseconds used = thread_time();
  if (used - counted < least_charged) return;
  const auto end = current_pace->charge(used - std::exchange(counted, used), Pace::Clock::now());
  // Who was cancelled learns that at its next checkpoint.
  static_cast<void>(sleep_until(end));
}

}  // namespace sapdr::core
