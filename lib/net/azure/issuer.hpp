// Where new access tokens come from; what keeps and renews them is token_keeper.hpp.
#pragma once

#include <memory>
#include <string>

#include "net/token_credential.hpp"

namespace sapdr::core {

struct IssuedToken {
  AccessToken token;
  UnixNs refresh = 0;  // when the issuer wants to be asked again; 0: it did not say
};

// May be called from any thread at the same time.
class TokenIssuer {
 public:
  TokenIssuer() = default;
  virtual ~TokenIssuer() = default;
  TokenIssuer(const TokenIssuer&) = delete;
  TokenIssuer& operator=(const TokenIssuer&) = delete;

  virtual std::string name() const = 0;
  // Asks for a new token. Throws Code::not_found if this machine has no such identity, so that
  // another one may be tried; any other error is of an identity that is there.
  virtual IssuedToken issue(const std::string& scope) = 0;
};

using TokenIssuerPtr = std::shared_ptr<TokenIssuer>;

}  // namespace sapdr::core
