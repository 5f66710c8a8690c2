#include "checksum/sha256.hpp"

#include <openssl/evp.h>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

void require(bool succeeded) {
  if (!succeeded) throw Error(Code::internal, "OpenSSL could not compute a SHA-256");
}

// Never freed: a thread may still use it while the process ends.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    if (context == nullptr || algorithm() == nullptr) {
      EVP_MD_CTX_free(context);
      require(false);
    }
    start();
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void start() { require(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1); }

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView data) {
  require(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1);
}

Id Sha256::finish() {
  Id id;
  require(EVP_DigestFinal_ex(state_->context, uc(id.bytes.data()), nullptr) == 1);
  state_->start();
  return id;
}

Id sha256(ByteView data) {
  thread_local Sha256 hash;  // making a context takes longer than hashing a small blob
  hash.update(data);
  return hash.finish();
}

}  // namespace sapdr::core
