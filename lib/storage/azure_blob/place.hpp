// Where a repository lies in Blob Storage, and what opens it: from a location, options and the
// environment.
//
// Locations:
//   azure:CONTAINER:/PREFIX              as restic has it; the account comes from elsewhere
//   https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX[?SAS]
//   http://127.0.0.1:10000/ACCOUNT/CONTAINER/PREFIX     an emulator; without TLS on loopback only
//
// Where the account comes from for azure:, the first that says it: the options; AZURE_ACCOUNT_NAME;
// AZURE_STORAGE_ACCOUNT; AZURE_STORAGE_CONNECTION_STRING. AZURE_ENDPOINT_SUFFIX is what follows
// "ACCOUNT.blob.", core.windows.net if it is not set.
//
// What proves who we are, the first that is there: the options; the SAS of the URL; then, unless
// the variables name another account than the location, AZURE_ACCOUNT_KEY or AZURE_STORAGE_KEY;
// AZURE_ACCOUNT_SAS or AZURE_STORAGE_SAS_TOKEN; AZURE_STORAGE_CONNECTION_STRING; then Microsoft
// Entra ID.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/url.hpp"
#include "storage/azure_blob/credential.hpp"
#include "storage/azure_blob/options.hpp"

namespace sapdr::core {

struct ContainerPlace {
  std::string shown;    // the location without secrets
  Url endpoint;         // of the account; its path does not end in a slash, and may be empty
  std::string account;  // empty if only a token or a SAS is needed and nothing names it
  std::string container;
  std::string prefix;            // "a/b", or empty
  BlobCredentialPtr credential;  // null: Microsoft Entra ID decides
  bool is_secondary = false;     // the copy in another region, which can only be read

  // Of a blob below the prefix; of the container if `path` is empty.
  Url url_of(std::string_view path) const;
};

// The same in the second copy of the account: "ACCOUNT-secondary" where the account is named.
// Nothing for an endpoint with a host name of its own, which does not name it.
std::optional<ContainerPlace> secondary_of(ContainerPlace place);

// Throws Code::invalid_argument unless `url` has TLS or is on this machine.
void require_safe(const Url& url);

// Throws Code::invalid_argument; messages show no secret.
ContainerPlace find_place(std::string_view location, const AzureBlobOptions& options,
                          const Environment& environment);

}  // namespace sapdr::core
