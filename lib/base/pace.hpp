// How gently operations treat the machine that others work on: their share of the processors, and
// who goes first.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace sapdr::core {

enum class IoClass : int32_t { unchanged = 0, best_effort = 1, idle = 2 };

inline constexpr int max_nice = 19;
inline constexpr unsigned lowest_io_level = 7;

struct PaceSettings {
  unsigned limit_cpu = 0;  // percent of one core, all threads together; 0: no limit
  int nice = 0;            // threads are at least so nice; up to 19
  IoClass io_class = IoClass::unchanged;
  unsigned io_level = lowest_io_level;  // within best_effort; 0 goes first

  bool is_given() const { return limit_cpu != 0 || nice != 0 || io_class != IoClass::unchanged; }
};

// Shared by all threads that work for one context; any of them may call it.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pace(const PaceSettings& settings) : settings_(settings) {}

  // Puts this thread, and every thread that it will start, behind others. There is no way back for
  // who has no privileges: it is for threads of our own. Tells what the system refused; "":
  // nothing.
  std::string step_back() const;

  bool is_limited() const { return settings_.limit_cpu != 0; }
  // Takes note of time that a processor worked for us. When who used it may go on.
  Clock::time_point charge(std::chrono::nanoseconds cpu, Clock::time_point now);

 private:
  const PaceSettings settings_;
  std::mutex mutex_;
  Clock::time_point next_{};  // until when the time that was used would have taken at our share
};

// While it lives, what this thread does counts for a pace; null: nothing does. One at a time on a
// thread; Workers hand it on to theirs.
class PaceScope {
 public:
  explicit PaceScope(Pace* pace) noexcept;
  ~PaceScope();
  PaceScope(const PaceScope&) = delete;
  PaceScope& operator=(const PaceScope&) = delete;

  static Pace* current() noexcept;
};

// Waits if this thread's pace is limited and its share is used up; at once back if the operation is
// cancelled. For every piece of work; not while others wait for a mutex of this thread.
void keep_pace();

}  // namespace sapdr::core
