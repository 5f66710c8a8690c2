// Requests to the token endpoint of Entra ID: an application proves itself and gets a token.
#pragma once

#include <string>

#include "net/azure/issuers.hpp"

namespace sapdr::core {

struct EntraApplication {
  Url endpoint;
  std::string client_id;
  std::string name;  // "the client secret of application … in tenant …"
};

// `what`: "the client secret". Throws Code::invalid_argument if tenant or client id are missing.
EntraApplication entra_application(const AzureIdentitySettings& settings, std::string_view what);

// Asks for a token with a secret, or with a signed statement of who we are.
IssuedToken ask_with_secret(const IssuerTools& tools, const EntraApplication& application,
                            const std::string& scope, std::string_view secret);
IssuedToken ask_with_assertion(const IssuerTools& tools, const EntraApplication& application,
                               const std::string& scope, std::string_view assertion);

// A missing setting, for messages.
void require_setting(bool is_set, std::string_view variable, std::string_view what);

}  // namespace sapdr::core
