// Large pieces of memory that are filled by hand.
#pragma once

#include <memory>

#include "base/bytes.hpp"

namespace sapdr::core {

// Memory of one size, with whatever was in it: no byte is touched before somebody writes it.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t size)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}
  Buffer(Buffer&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::byte* data() { return bytes_.get(); }
  const std::byte* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  ByteSpan span() { return {data(), size_}; }
  ByteView view() const { return {data(), size_}; }

  // Keeps the first `used` bytes.
  void grow(size_t size, size_t used) {
    Buffer larger(size);
    std::memcpy(larger.data(), data(), used);
    *this = std::move(larger);
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  size_t size_ = 0;
};

}  // namespace sapdr::core
