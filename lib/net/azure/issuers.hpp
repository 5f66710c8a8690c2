// The kinds of identities, each an issuer of tokens. credential.hpp chooses among them.
#pragma once

#include <vector>

#include "base/context.hpp"
#include "net/azure/issuer.hpp"
#include "net/azure/settings.hpp"
#include "net/azure/token_request.hpp"
#include "net/http.hpp"

namespace sapdr::core {

struct IdentityClients {
  HttpClientPtr entra;  // as the user wants it: proxy, CA
  HttpClientPtr local;  // without a proxy: for services of the machine
  HttpClientPtr probe;  // the same with short time-outs: is there one at all?
};

// What issuers share.
struct IssuerTools {
  ContextPtr context;
  IdentityClients clients;
  TokenRetries retries;
  std::chrono::nanoseconds cli_time_limit = std::chrono::seconds(30);
};

// An application with a secret; one with a certificate, which is read anew for each token; one that
// some other issuer vouches for, in a file that is read anew for each token. Each throws
// Code::invalid_argument if a setting that it needs is missing or wrong.
TokenIssuerPtr client_secret_issuer(const IssuerTools& tools,
                                    const AzureIdentitySettings& settings);
TokenIssuerPtr client_certificate_issuer(const IssuerTools& tools,
                                         const AzureIdentitySettings& settings);
TokenIssuerPtr workload_identity_issuer(const IssuerTools& tools,
                                        const AzureIdentitySettings& settings);

// App Service's if its variables are set, else IMDS. With `probe` a machine without IMDS is found
// out within two seconds (Code::not_found); without, it is asked as long as one that is busy.
TokenIssuerPtr managed_identity_issuer(const IssuerTools& tools,
                                       const AzureIdentitySettings& settings, bool probe);

// Whoever is logged in with the az command.
TokenIssuerPtr azure_cli_issuer(const IssuerTools& tools, const AzureIdentitySettings& settings);

// The first of `issuers` that has a token, and only that one from then on. `before` is what was
// looked for already, for the message if there is none.
TokenIssuerPtr first_issuer(std::vector<TokenIssuerPtr> issuers, std::string before);

}  // namespace sapdr::core
