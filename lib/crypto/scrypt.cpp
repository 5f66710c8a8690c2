#include "crypto/scrypt.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr uint64_t max_memory = uint64_t{1} << 30;
// Of N × r × p: about a minute and a half; the default is 1.5 million.
constexpr uint64_t max_work = uint64_t{1} << 28;

void check_cost(const ScryptCost& cost) {
  const bool is_scrypt = cost.n >= 2 && std::has_single_bit(cost.n) && cost.r > 0 && cost.p > 0 &&
                         (cost.r > 1 || cost.n < 65536);  // RFC 7914: N < 2^(16 × r)
  if (!is_scrypt) throw Error(Code::corrupt, "the key file has costs that scrypt does not know");
  const bool is_small = cost.r <= max_memory / 128 && cost.p <= max_memory / 128;
  const uint64_t r_times_p = uint64_t{cost.r} * cost.p;
  if (!is_small || r_times_p > max_work / cost.n ||
      128 * (uint64_t{cost.r} * (cost.n + 2) + r_times_p) > max_memory) {
    throw Error(Code::corrupt, "the key file asks for more memory or time than is reasonable");
  }
}

}  // namespace

Key derive_key(ByteView password, ByteView salt, const ScryptCost& cost) {
  check_cost(cost);
  SecretBytes derived(64);
  if (EVP_PBE_scrypt(reinterpret_cast<const char*>(password.data()), password.size(),
                     uc(salt.data()), salt.size(), cost.n, cost.r, cost.p, 2 * max_memory,
                     uc(derived.data()), derived.size()) != 1) {
    throw Error(Code::no_memory, "memory ran out while the key was derived from the password");
  }
  Key key;
  auto take = [from = derived.begin()](auto& part) mutable {
    std::copy_n(from, part.size(), part.begin());
    from += static_cast<std::ptrdiff_t>(part.size());
  };
  take(key.encrypt);
  take(key.mac_k);
  take(key.mac_r);
  return key;
}

}  // namespace sapdr::core
