// A connection to a server, with what came and was not consumed yet.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "net/patience.hpp"
#include "net/stream.hpp"

namespace sapdr::core {

// Used by one call at a time.
class Connection {
 public:
  explicit Connection(StreamPtr stream) : stream_(std::move(stream)), buffer_(buffer_size) {}

  Stream& stream() { return *stream_; }
  // For TLS through a tunnel. What the server sent before is nothing that TLS would know.
  StreamPtr release_stream() { return std::move(stream_); }

  ByteView received() const { return ByteView(buffer_).subspan(begin_, end_ - begin_); }
  void consume(size_t bytes) { begin_ += bytes; }
  // Adds to received(). Never waits; there has to be room.
  Stream::Step fill();
  bool is_full() const { return end_ - begin_ == buffer_.size(); }

  // False if the server closed it, or sent something that nobody asked for.
  bool is_idle();

 private:
  // A head and its longest line; large bodies do not come through here.
  static constexpr size_t buffer_size = 128 * 1024;

  StreamPtr stream_;
  Bytes buffer_;
  size_t begin_ = 0, end_ = 0;
};

using ConnectionPtr = std::unique_ptr<Connection>;

}  // namespace sapdr::core
