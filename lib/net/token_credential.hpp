// Access tokens of Microsoft Entra ID: what proves to Azure's services who we are.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace sapdr::core {

// Wiped when it is freed or replaced; never part of a message.
struct AccessToken {
  std::string secret;
  UnixNs expires = 0;

  AccessToken() = default;
  AccessToken(std::string token, UnixNs when) : secret(std::move(token)), expires(when) {}
  AccessToken(const AccessToken&) = default;
  AccessToken(AccessToken&&) = default;
  // By value: what was here before goes with `other`, and is wiped with it.
  AccessToken& operator=(AccessToken other) noexcept {
    secret.swap(other.secret);
    expires = other.expires;
    return *this;
  }
  ~AccessToken();
};

// May be called from any thread at the same time.
class TokenCredential {
 public:
  TokenCredential() = default;
  virtual ~TokenCredential() = default;
  TokenCredential(const TokenCredential&) = delete;
  TokenCredential& operator=(const TokenCredential&) = delete;

  // For messages: "the client secret of application 0123…", without secrets.
  virtual std::string name() const = 0;
  // A token for `scope` ("https://storage.azure.com/.default"). Kept, and renewed five minutes
  // before it expires, or after half its life if that is short; who asks while another thread
  // renews gets the old one for as long as it is good. `refused` is a token that the service did
  // not accept, which is not given again. Throws Code::auth if the identity is refused or there is
  // none (the message says which and why), Code::network or Code::timeout if nobody answers,
  // Code::cancelled; never Code::not_found, which to storage would mean a missing object.
  virtual AccessToken token(const std::string& scope, const std::string& refused = {}) = 0;
};

using TokenCredentialPtr = std::shared_ptr<TokenCredential>;

}  // namespace sapdr::core
