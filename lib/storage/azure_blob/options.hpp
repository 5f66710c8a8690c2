// What an embedder may decide about Azure Blob Storage; what is left out comes from the location
// and from the environment.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "net/http.hpp"
#include "net/token_credential.hpp"

namespace sapdr::core {

// Of packs of file contents. All else is stored in the tier that the account has as its default.
enum class AccessTier : int32_t { of_account = 0, hot = 1, cool = 2, cold = 3, archive = 4 };

// Whether the second copy of the account (RA-GRS, RA-GZRS) is read. It is never written.
enum class ReadSecondary : int32_t { never = 0, after_failure = 1, only = 2 };

struct AzureBlobOptions {
  // At most one of these four that prove who we are. Given one, the environment has no say in it.
  SecretBytes account_key;        // base64, as the portal shows it
  SecretBytes sas;                // of the account or container, with or without its "?"
  SecretBytes connection_string;  // as the portal shows it
  TokenCredentialPtr credential;  // Microsoft Entra ID

  std::string account;  // empty: of the location, the connection string or the environment
  AccessTier pack_tier = AccessTier::of_account;
  bool rehydrate_fast = false;                     // warm_up: with high priority
  ReadSecondary secondary = ReadSecondary::never;  // for storage/open.hpp, which has both copies
  unsigned connections = 0;                        // at once; 0: 8
  HttpTimeouts timeouts;
  std::string proxy;    // as in HttpOptions
  std::string ca_file;  // as in HttpOptions

  // For what only the management of the account knows (see management.hpp): its resource,
  // "/subscriptions/…/storageAccounts/NAME", and where to ask. Empty: looked for among what the
  // identity may see, and in the cloud of the endpoint.
  std::string account_id;
  std::string management_endpoint;
};

// How these options want connections to be made.
HttpOptions http_options(const AzureBlobOptions& options);

// Reads a variable: nullptr if there is none. Without a function, those of the process are read.
using Environment = std::function<const char*(const char*)>;

}  // namespace sapdr::core
