// Who we are in Azure: the credential that the settings name, or that this machine has.
#pragma once

#include "base/context.hpp"
#include "net/azure/issuers.hpp"
#include "net/azure/settings.hpp"
#include "net/http.hpp"
#include "net/token_credential.hpp"

namespace sapdr::core {

// Entra ID is reached as `http` says (proxy, CA), services of the machine never through a proxy.
IdentityClients make_identity_clients(const ContextPtr& context, const HttpOptions& http);

// Of `automatic` the first that is configured completely is used, and its failure told: client
// secret, client certificate, federated token file, App Service, IMDS if
// AZURE_POD_IDENTITY_AUTHORITY_HOST is set. If none is, IMDS is looked for, then the az command.
// Nothing is asked before the first token. Throws Code::invalid_argument for settings that are
// wrong, or missing for the kind.
TokenCredentialPtr make_azure_credential(const IssuerTools& tools,
                                         const AzureIdentitySettings& settings);
TokenCredentialPtr make_azure_credential(const ContextPtr& context,
                                         const AzureIdentitySettings& settings,
                                         const HttpOptions& http = {});

}  // namespace sapdr::core
