// How long a call waits for its socket, and what ends that: readiness, a cancel, or the time that
// its phase has.
#pragma once

#include <chrono>
#include <string>

#include "base/error.hpp"
#include "net/http.hpp"

namespace sapdr::core {

enum class Phase { connect, send, first_byte, receive };

// Of one call of HttpClient::send, for its thread.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  // `what`: method and Url::shown(), with which every message begins.
  Patience(std::string what, const HttpTimeouts& timeouts);

  // Begins a phase, and its time. Throws Code::cancelled, as the others do. To connect is one phase
  // from connecting() to connected(), whatever is sent and received in between.
  void enter(Phase phase);
  void connecting();
  void connected() { is_connecting_ = false; }
  Phase phase() const { return phase_; }
  // So much was sent or received. A stall counts from when it was 1 KB for each second of its time.
  void moved(size_t bytes);
  // Waits until one of poll()'s `events` is there and returns those that are: 0 only once `limit`
  // has passed. Throws Code::timeout when the time of the phase has.
  short wait(int socket, short events, Clock::time_point limit = Clock::time_point::max());
  void check_cancel() const;
  Clock::time_point end() const { return end_; }

  // "GET https://host/path: the connection was reset".
  Error network(const std::string& why, Retry retry) const;
  const std::string& what() const { return what_; }

 private:
  Clock::duration limit() const;
  Error timeout() const;

  const std::string what_;
  const HttpTimeouts timeouts_;
  Phase phase_ = Phase::connect;
  bool is_connecting_ = false;
  size_t moved_ = 0;  // since a stall counts
  Clock::time_point end_;
};

}  // namespace sapdr::core
