#include "base/token_bucket.hpp"

#include <algorithm>

#include "base/cancel.hpp"

namespace sapdr::core {

namespace {

constexpr unsigned pieces_a_second = 20;
// How much that was not used may be made up for.
constexpr std::chrono::milliseconds burst(250);

}  // namespace

TokenBucket::TokenBucket(uint64_t bytes_per_second)
    : rate_(static_cast<double>(bytes_per_second)),
      piece_(std::max<uint64_t>(bytes_per_second / pieces_a_second, 1)) {}

TokenBucket::Clock::time_point TokenBucket::reserve(uint64_t bytes, Clock::time_point now) {
  const std::chrono::duration<double> time(static_cast<double>(bytes) / rate_);
  const std::lock_guard lock(mutex_);
  next_ = std::max<Clock::time_point>(next_, now - burst) +
          std::chrono::duration_cast<Clock::duration>(time);
  return next_;
}

bool TokenBucket::take(uint64_t bytes) {
  while (bytes > 0) {
    const uint64_t part = std::min(bytes, piece_);
    if (!sleep_until(reserve(part, Clock::now()))) return false;
    bytes -= part;
  }
  return true;
}

}  // namespace sapdr::core
