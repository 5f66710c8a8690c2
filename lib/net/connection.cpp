#include "net/connection.hpp"

#include <cstring>

namespace sapdr::core {

Stream::Step Connection::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  const Stream::Step step = stream_->read_some(ByteSpan(buffer_).subspan(end_));
  if (step.state == Stream::State::moved) end_ += step.bytes;
  return step;
}

bool Connection::is_idle() {
  if (begin_ != end_) return false;
  const Stream::State state = fill().state;
  return state == Stream::State::wants_read || state == Stream::State::wants_write;
}

}  // namespace sapdr::core
