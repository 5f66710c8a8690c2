// Access tokens of Microsoft Entra ID: what proves to Azure's services who we are.
#pragma once

#include <memory>
#include <string>

#include "base/time.hpp"

namespace sapdr::core {

// Wiped when it is freed; never part of a message.
struct AccessToken {
  std::string secret;
  UnixNs expires = 0;

  AccessToken() = default;
  AccessToken(std::string token, UnixNs when) : secret(std::move(token)), expires(when) {}
  AccessToken(const AccessToken&) = default;
  AccessToken(AccessToken&&) = default;
  AccessToken& operator=(const AccessToken&) = default;
  AccessToken& operator=(AccessToken&&) = default;
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
  // A token for `scope` ("https://storage.azure.com/.default") that is good for five minutes more,
  // or for as long as new ones are. Kept and renewed in time; `refused` is a token that the service
  // did not accept, which is not given again. Throws Code::auth if the identity is refused (the
  // message says by whom and why), Code::network or Code::timeout if nobody answers.
  virtual AccessToken token(const std::string& scope, const std::string& refused = {}) = 0;
};

using TokenCredentialPtr = std::shared_ptr<TokenCredential>;

}  // namespace sapdr::core
