// What an application decides once: threads and their pace, log, clock, randomness.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/pace.hpp"
#include "base/time.hpp"

namespace sapdr::core {

enum class LogLevel : int32_t { error = 1, warning = 2, info = 3, debug = 4 };

struct LogRecord {
  LogLevel level;
  UnixNs time;
  const char* component;
  std::string_view message;
};

// Shared by everything that was opened with it; safe for use from any thread.
class Context {
 public:
  struct Settings {
    unsigned threads = 0;  // 0: one a core
    PaceSettings pace;
    LogLevel log_level = LogLevel::info;
    std::function<void(const LogRecord&)> on_log;  // calls are serialised
    std::function<UnixNs()> clock;                 // tests: a fixed clock; empty: the real one
    std::function<void(ByteSpan)> random;          // tests: fixed bytes; empty: the kernel's
  };

  explicit Context(Settings settings);

  unsigned threads() const { return settings_.threads; }
  UnixNs now() const;
  // Fills `out` with unpredictable bytes. Throws Code::internal if there are none.
  void random(ByteSpan out) const;
  void log(LogLevel level, const char* component, std::string_view message) const;

  // Does the work of an operation. Where a pace is given, on a thread of its own, and all threads
  // that it starts keep that pace; this one waits and stays as it is.
  void at_pace(const std::function<void()>& work) const;

  // Throws Code::invalid_state in a process that was forked off after the context was made: its
  // threads are gone and its locks belong to the parent.
  void check_process() const;

 private:
  void work_apart(const std::function<void()>& work) const;

  Settings settings_;
  std::unique_ptr<Pace> pace_;  // null: as fast as it goes
  pid_t pid_;
  mutable std::mutex log_mutex_;
};

using ContextPtr = std::shared_ptr<const Context>;

}  // namespace sapdr::core
