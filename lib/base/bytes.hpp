// Bytes in memory: plain buffers, and buffers for secrets.
#pragma once

#include <openssl/crypto.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sapdr::core {

using ByteView = std::span<const std::byte>;
using ByteSpan = std::span<std::byte>;

// Leaves new elements uninitialised: a buffer that is about to be overwritten is not zeroed first.
template <class T>
struct UninitialisedAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };
  template <class U>
  void construct(U* at) noexcept(std::is_nothrow_default_constructible_v<U>) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

using Bytes = std::vector<std::byte, UninitialisedAllocator<std::byte>>;

// Wipes memory before it gives it back, growth included.
template <class T>
struct WipingAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = WipingAllocator<U>;
  };
  void deallocate(T* at, size_t n) {
    OPENSSL_cleanse(at, n * sizeof(T));
    std::allocator<T>::deallocate(at, n);
  }
};

using SecretBytes = std::vector<std::byte, WipingAllocator<std::byte>>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline const unsigned char* uc(const std::byte* p) {
  return reinterpret_cast<const unsigned char*>(p);
}
inline unsigned char* uc(std::byte* p) {
  return reinterpret_cast<unsigned char*>(p);
}

static_assert(std::endian::native == std::endian::little);

template <class Number>
Number load_le(const std::byte* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}
template <class Number>
void store_le(std::byte* to, Number number) {
  std::memcpy(to, &number, sizeof number);
}

}  // namespace sapdr::core
