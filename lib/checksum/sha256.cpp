#include "checksum/sha256.hpp"

#include <openssl/evp.h>

#include <memory>
#include <mutex>
#include <vector>

#include "base/openssl.hpp"

namespace sapdr::core {

namespace {

const EVP_MD* fetch() {
  const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require_openssl(fetched != nullptr, "compute a SHA-256");
  return fetched;
}

// Never freed: a thread may still use it while the process ends. Looked for again if it could not
// be had.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = fetch();
  return fetched;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Sha256::State {
  State() {
    require_memory(context != nullptr);
    start();
  }

  void start() { require_memory(EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1); }

  const std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView data) {
  require_memory(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
}

Id Sha256::finish() {
  Id id;
  require_memory(EVP_DigestFinal_ex(state_->context.get(), uc(id.bytes.data()), nullptr) == 1);
  state_->start();
  return id;
}

namespace {

// Making one takes longer than hashing a small blob, so they are kept for the next. Not by a
// thread: libc ends the process if it has no memory to note that something is to be destroyed with
// its thread.
class Hashers {
 public:
  std::unique_ptr<Sha256> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto hasher = std::move(free_.back());
        free_.pop_back();
        return hasher;
      }
      free_.reserve(++n_made_);  // giving back never fails
    }
    return std::make_unique<Sha256>();
  }
  void give_back(std::unique_ptr<Sha256> hasher) noexcept {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(hasher));
  }

 private:
  std::mutex mutex_;
  size_t n_made_ = 0;
  std::vector<std::unique_ptr<Sha256>> free_;
};

}  // namespace

Id sha256(ByteView data) {
  static Hashers& hashers = *new Hashers;  // never destroyed, like the algorithm
  auto hasher = hashers.take();
  hasher->update(data);
  const Id id = hasher->finish();
  hashers.give_back(std::move(hasher));
  return id;
}

}  // namespace sapdr::core
