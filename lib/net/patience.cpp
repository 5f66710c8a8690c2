#include "net/patience.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/cancel.hpp"

namespace sapdr::core {

namespace {

// How long a cancel may take to be noticed.
constexpr std::chrono::milliseconds slice(50);
// A drip is a stall: so many bytes have to move in the time of a stall, for each of its ms.
constexpr size_t least_bytes_per_ms = 1;

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::connect:
      return "connect";
    case Phase::send:
      return "send";
    case Phase::first_byte:
      return "first_byte";
    default:
      return "receive";
  }
}

std::string shown(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

}  // namespace

Patience::Patience(std::string what, const HttpTimeouts& timeouts)
    : what_(std::move(what)), timeouts_(timeouts) {}

void Patience::connecting() {
  is_connecting_ = false;
  enter(Phase::connect);
  is_connecting_ = true;
}

void Patience::enter(Phase phase) {
  check_cancel();
  if (is_connecting_) return;
  phase_ = phase;
  moved_ = 0;
  end_ = Clock::now() + limit();
}

void Patience::moved(size_t bytes) {
  check_cancel();
  if (phase_ != Phase::send && phase_ != Phase::receive) return;
  moved_ += bytes;
  if (moved_ < least_bytes_per_ms * static_cast<size_t>(timeouts_.stall.count())) return;
  moved_ = 0;
  end_ = Clock::now() + limit();
}

Patience::Clock::duration Patience::limit() const {
  if (phase_ == Phase::connect) return timeouts_.connect;
  return phase_ == Phase::first_byte ? timeouts_.first_byte : timeouts_.stall;
}

void Patience::check_cancel() const {
  const Cancel* cancel = CancelScope::current();
  if (cancel == nullptr || !cancel->is_triggered()) return;
  throw Error(Code::cancelled, what_ + ": the operation was cancelled")
      .with("phase", name_of(phase_));
}

short Patience::wait(int socket, short events, Clock::time_point limit) {
  while (true) {
    check_cancel();
    const auto now = Clock::now();
    if (now >= end_) throw timeout();
    if (now >= limit) return 0;
    const auto left = std::min({Clock::duration(slice), end_ - now, limit - now});
    // Rounded up: a wait of nothing would turn in circles.
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd polled{socket, events, 0};
    if (::poll(&polled, 1, static_cast<int>(ms)) > 0) return polled.revents;
  }
}

Error Patience::network(const std::string& why, Retry retry) const {
  return Error(Code::network, what_ + ": " + why, retry).with("phase", name_of(phase_));
}

Error Patience::timeout() const {
  std::string why;
  switch (phase_) {
    case Phase::connect:
      why = "there was no connection within " + shown(timeouts_.connect);
      break;
    case Phase::send:
      why = "the server took (next to) nothing of the request for " + shown(timeouts_.stall);
      break;
    case Phase::first_byte:
      why = "the server did not begin to answer within " + shown(timeouts_.first_byte);
      break;
    case Phase::receive:
      why = "the answer stalled: (next to) nothing more came for " + shown(timeouts_.stall);
  }
  return Error(Code::timeout, what_ + ": " + why, Retry::maybe).with("phase", name_of(phase_));
}

}  // namespace sapdr::core
