// Bytes to and from a server, over TCP or over TLS: calls that never wait.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"

namespace sapdr::core {

// Used by one thread at a time.
class Stream {
 public:
  enum class State { moved, wants_read, wants_write, closed, failed };
  struct Step {
    State state;
    size_t bytes = 0;  // of `moved`, at least one
  };

  Stream() = default;
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  virtual Step read_some(ByteSpan to) = 0;
  // Of `first`, then of `second`; not both may be empty. After `wants_read` or `wants_write` the
  // next call begins with the same bytes.
  virtual Step write_some(ByteView first, ByteView second) = 0;
  // What to wait with, once a step wants it.
  virtual int socket() const = 0;

  // Why a step was `closed` or `failed`.
  virtual const std::string& failure() const = 0;

 protected:
  static bool is_end(State state) { return state == State::closed || state == State::failed; }
};

using StreamPtr = std::unique_ptr<Stream>;

}  // namespace sapdr::core
