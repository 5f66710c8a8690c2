#include "crypto/cipher.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <climits>

#include "base/openssl.hpp"

namespace sapdr::core {

namespace {

constexpr size_t mac_size = 16;

struct Free {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// Looking an algorithm up takes longer than sealing a small blob. Never freed: a thread may still
// use them while the process ends.
struct Algorithms {
  Algorithms() {
    require_openssl(ctr != nullptr && ecb != nullptr && poly1305 != nullptr, "encrypt or decrypt");
  }

  const std::unique_ptr<EVP_CIPHER, Free> ctr{EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr)};
  const std::unique_ptr<EVP_CIPHER, Free> ecb{EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr)};
  const std::unique_ptr<EVP_MAC, Free> poly1305{EVP_MAC_fetch(nullptr, "POLY1305", nullptr)};
};

// Looked for again if they could not be had.
const Algorithms& algorithms() {
  static const Algorithms& fetched = *new Algorithms;
  return fetched;
}
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Free>;

CipherContext new_context(const EVP_CIPHER* cipher, ByteView key) {
  CipherContext context(EVP_CIPHER_CTX_new());
  require_memory(context != nullptr);
  require_memory(EVP_EncryptInit_ex2(context.get(), cipher, uc(key.data()), nullptr, nullptr) == 1);
  require_memory(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
  return context;
}

// EVP counts in int.
void update(EVP_CIPHER_CTX* context, ByteView in, std::byte* out) {
  while (!in.empty()) {
    const size_t n = std::min<size_t>(in.size(), INT_MAX / 2);
    int written = 0;
    require_memory(
        EVP_EncryptUpdate(context, uc(out), &written, uc(in.data()), static_cast<int>(n)) == 1);
    in = in.subspan(n);
    out += n;
  }
}

}  // namespace

Key::~Key() {
  OPENSSL_cleanse(this, sizeof *this);
}

struct Cipher::State {
  explicit State(const Key& key)
      : ctr(new_context(algorithms().ctr.get(), key.encrypt)),
        ecb(new_context(algorithms().ecb.get(), key.mac_k)),
        poly1305(EVP_MAC_CTX_new(algorithms().poly1305.get())),
        mac_r(key.mac_r) {
    require_memory(poly1305 != nullptr);
  }
  ~State() { OPENSSL_cleanse(mac_r.data(), mac_r.size()); }

  // CTR mode: the same for both directions.
  void crypt(ByteView iv, ByteView in, std::byte* out) {
    require_memory(EVP_EncryptInit_ex2(ctr.get(), nullptr, nullptr, uc(iv.data()), nullptr) == 1);
    update(ctr.get(), in, out);
  }

  // Poly1305 with the one-time key r || AES(k, iv).
  std::array<std::byte, mac_size> mac(ByteView iv, ByteView ciphertext) {
    std::array<std::byte, 32> one_time_key;
    std::copy(mac_r.begin(), mac_r.end(), one_time_key.begin());
    update(ecb.get(), iv, one_time_key.data() + mac_r.size());

    std::array<std::byte, mac_size> tag;
    size_t tag_size = 0;
    const bool succeeded =
        EVP_MAC_init(poly1305.get(), uc(one_time_key.data()), one_time_key.size(), nullptr) == 1 &&
        EVP_MAC_update(poly1305.get(), uc(ciphertext.data()), ciphertext.size()) == 1 &&
        EVP_MAC_final(poly1305.get(), uc(tag.data()), &tag_size, tag.size()) == 1;
    OPENSSL_cleanse(one_time_key.data(), one_time_key.size());
    require_memory(succeeded && tag_size == mac_size);
    return tag;
  }

  CipherContext ctr;
  CipherContext ecb;
  MacContext poly1305;
  std::array<std::byte, 16> mac_r;
};

Cipher::Cipher(const Key& key) : state_(std::make_unique<State>(key)) {}
Cipher::~Cipher() = default;
Cipher::Cipher(Cipher&&) noexcept = default;

void Cipher::seal(ByteView iv, ByteView plaintext, ByteSpan out) {
  if (iv.size() != iv_size || out.size() != plaintext.size() + seal_overhead) {
    throw Error(Code::internal, "Cipher::seal was given buffers of the wrong size");
  }
  std::copy(iv.begin(), iv.end(), out.begin());
  const ByteSpan ciphertext = out.subspan(iv_size, plaintext.size());
  state_->crypt(iv, plaintext, ciphertext.data());
  const auto tag = state_->mac(iv, ciphertext);
  std::copy(tag.begin(), tag.end(), out.end() - mac_size);
}

bool Cipher::open(ByteView sealed, ByteSpan out) {
  if (sealed.size() < seal_overhead) return false;
  if (out.size() != sealed.size() - seal_overhead) {
    throw Error(Code::internal, "Cipher::open was given a buffer of the wrong size");
  }
  const ByteView iv = sealed.first(iv_size);
  const ByteView ciphertext = sealed.subspan(iv_size, out.size());
  const auto tag = state_->mac(iv, ciphertext);
  if (CRYPTO_memcmp(tag.data(), sealed.last(mac_size).data(), mac_size) != 0) return false;
  state_->crypt(iv, ciphertext, out.data());
  return true;
}

}  // namespace sapdr::core
