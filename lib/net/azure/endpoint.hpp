// Whom tokens are asked of: Entra ID over https, the machine's own services also over http.
#pragma once

#include <string>
#include <string_view>

#include "net/url.hpp"

namespace sapdr::core {

// Throws Code::invalid_argument for what cannot be a tenant of Entra ID.
void check_tenant(std::string_view tenant);

// The token endpoint of a tenant: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.
// `authority_host` is a host name or an https URL; plain http is refused, on loopback addresses
// too. Throws Code::invalid_argument.
Url entra_token_endpoint(std::string_view authority_host, std::string_view tenant);

// A URL that `variable` holds. Managed identities are served over http by their nature: it is taken
// for loopback, link-local and private addresses, where no stranger listens. Throws
// Code::invalid_argument.
Url machine_endpoint(std::string_view text, std::string_view variable);

// "https://storage.azure.com/.default" → "https://storage.azure.com": what services that know no
// scopes ask for.
std::string resource_of_scope(std::string_view scope);

}  // namespace sapdr::core
