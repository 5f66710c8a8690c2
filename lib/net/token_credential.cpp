#include "net/token_credential.hpp"

#include <openssl/crypto.h>

namespace sapdr::core {

AccessToken::~AccessToken() {
  secret.resize(secret.capacity());  // what earlier, longer texts left behind as well
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace sapdr::core
