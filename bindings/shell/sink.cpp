#include "sink.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "failure.hpp"

namespace sapdr::shell {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;

}  // namespace

Sink::Sink(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

void Sink::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferSize) flush();
  if (bytes.size() > kBufferSize) {
    write_through(bytes);
  } else {
    buffer_ += bytes;
  }
}

void Sink::flush() {
  write_through(buffer_);
  buffer_.clear();
}

void Sink::write_through(std::string_view bytes) {
  while (!bytes.empty() && !broken_) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      const int number = errno;
      broken_ = true;
      buffer_.clear();
      throw system_failure("cannot write to " + name_, number);
    }
  }
}

}  // namespace sapdr::shell
