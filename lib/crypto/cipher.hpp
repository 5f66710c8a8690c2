// Authenticated encryption as restic does it: AES-256-CTR, then Poly1305-AES over the ciphertext.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/bytes.hpp"

namespace sapdr::core {

// The two keys of a repository (or of a password). Wiped when destroyed.
struct Key {
  std::array<std::byte, 32> encrypt{};
  std::array<std::byte, 16> mac_k{};
  std::array<std::byte, 16> mac_r{};

  Key() = default;
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
};

// IV (16 bytes), ciphertext, MAC (16 bytes).
inline constexpr size_t iv_size = 16;
inline constexpr size_t seal_overhead = 32;

// Encrypts and decrypts with one key; keeps its OpenSSL contexts between calls. For one thread at
// a time.
class Cipher {
 public:
  explicit Cipher(const Key& key);
  ~Cipher();
  Cipher(Cipher&&) noexcept;
  Cipher& operator=(Cipher&&) = delete;

  // `out` has plaintext.size() + seal_overhead bytes and does not overlap `plaintext`. `iv` must
  // never be used twice with one key: 16 random bytes.
  void seal(ByteView iv, ByteView plaintext, ByteSpan out);

  // Verifies first, then decrypts into `out`, which has sealed.size() - seal_overhead bytes and
  // does not overlap. False if the MAC is wrong or `sealed` is too short; `out` is untouched then.
  [[nodiscard]] bool open(ByteView sealed, ByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sapdr::core
