#include "base/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/cancel.hpp"

namespace sapdr::core {

namespace {

std::string seconds(std::chrono::nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(ms / 1000) + "." + fraction + " s";
}

// Zero if no pause was asked for.
std::chrono::nanoseconds asked_pause(const Error& error) {
  constexpr uint64_t longest = 365 * 86'400;
  uint64_t asked = 0;
  if (const std::string* text = error.detail("retry_after")) {
    std::from_chars(text->data(), text->data() + text->size(), asked);
  }
  return std::chrono::seconds(std::min(asked, longest));
}

}  // namespace

Retries::Retries(ContextPtr context, const char* component, std::string place,
                 const RetryOptions& options)
    : context_(std::move(context)),
      component_(component),
      place_(std::move(place)),
      options_(options) {
  uint64_t seed;
  context_->random({reinterpret_cast<std::byte*>(&seed), sizeof seed});
  random_.seed(seed);
}

// Throws if the failed attempt was the last.
void Retries::wait_after(const std::string& what, unsigned attempt, Clock::time_point start,
                         const Error& error) {
  const Nanoseconds pause = std::max(pause_after(attempt), asked_pause(error));
  const auto next = Clock::now() + pause;
  const std::string count = std::to_string(attempt);
  const bool was_last = options_.max_attempts != 0 && attempt >= options_.max_attempts;
  if (was_last || next - start > options_.max_elapsed) {
    context_->log(LogLevel::error, component_,
                  "could not " + what + " in " + count + " attempts: " + error.message());
    throw error;
  }
  context_->log(LogLevel::warning, component_,
                "attempt " + count + " to " + what + " failed, the next one is in " +
                    seconds(pause) + ": " + error.message());
  if (!sleep_until(next)) {
    throw Error(Code::cancelled, "the operation was cancelled after " + count + " attempts to " +
                                     what + " in " + place_)
        .because(error);
  }
}

Retries::Nanoseconds Retries::pause_after(unsigned attempt) {
  const double doubled = static_cast<double>(options_.min_wait.count()) * std::exp2(attempt - 1);
  const double limited = std::min(doubled, static_cast<double>(options_.max_wait.count()));
  const std::lock_guard lock(mutex_);
  std::uniform_real_distribution<double> jitter(0.5, 1.5);
  return Nanoseconds(static_cast<int64_t>(limited * jitter(random_)));
}

void Retries::log_success(const std::string& what, unsigned attempt) const {
  context_->log(LogLevel::info, component_,
                "could " + what + " at attempt " + std::to_string(attempt));
}

}  // namespace sapdr::core
