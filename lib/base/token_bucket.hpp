// Bytes that pass at a rate.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace sapdr::core {

// Lets bytes pass at a rate, and threads in turn: what one thread wants is let through in pieces of
// a twentieth of a second, so that a few bytes need not wait for many megabytes of another.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TokenBucket(uint64_t bytes_per_second);  // not 0

  // Waits until so many bytes may pass. False if the operation was cancelled.
  [[nodiscard]] bool take(uint64_t bytes);
  // When a piece that is asked for now may pass; its time is taken.
  Clock::time_point reserve(uint64_t bytes, Clock::time_point now);
  uint64_t piece() const { return piece_; }

 private:
  const double rate_;
  const uint64_t piece_;
  std::mutex mutex_;
  Clock::time_point next_{};  // when the next byte may pass
};

}  // namespace sapdr::core
