// What fails for a moment is done again, after a pause that grows.
#pragma once

#include <chrono>
#include <mutex>
#include <random>
#include <string>

#include "base/context.hpp"
#include "base/error.hpp"

namespace sapdr::core {

struct RetryOptions {
  unsigned max_attempts = 0;  // of one call; 0: as many as the time allows
  std::chrono::nanoseconds max_elapsed = std::chrono::minutes(15);  // of one call
  // The pause after the first failure; it doubles with each, give or take a half.
  std::chrono::nanoseconds min_wait = std::chrono::milliseconds(500);
  std::chrono::nanoseconds max_wait = std::chrono::minutes(1);
};

// Any thread.
class Retries {
 public:
  // `component` and `place` are for messages: whose log it is, and what does not answer.
  Retries(ContextPtr context, const char* component, std::string place,
          const RetryOptions& options = {});

  // Makes `call` until it succeeds, and tells it whether it was made before. An error whose class
  // is Retry::never is thrown at once, any other when it was the last; each retry is logged. An
  // error with the detail "retry_after", in seconds, asks for a pause: it gets one at least that
  // long. A cancelled operation waits no longer: Code::cancelled, with the failure as its cause.
  template <class Call>
  void run(const std::string& what, Call call) {
    const auto start = Clock::now();
    for (unsigned attempt = 1;; ++attempt) {
      try {
        call(attempt > 1);
        if (attempt > 1) log_success(what, attempt);
        return;
      } catch (const Error& error) {
        if (error.retry() == Retry::never) throw;
        wait_after(what, attempt, start, error);
      }
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Nanoseconds = std::chrono::nanoseconds;

  void wait_after(const std::string& what, unsigned attempt, Clock::time_point start,
                  const Error& error);
  Nanoseconds pause_after(unsigned attempt);
  void log_success(const std::string& what, unsigned attempt) const;

  const ContextPtr context_;
  const char* const component_;
  const std::string place_;
  const RetryOptions options_;
  std::mutex mutex_;  // around random_
  std::mt19937_64 random_;
};

}  // namespace sapdr::core
