// What says who we are in Azure: the variables that Azure's SDKs read, too.
#pragma once

#include <functional>
#include <string>

#include "base/bytes.hpp"

namespace sapdr::core {

enum class AzureCredentialKind {
  automatic,  // what is configured; else what is found
  client_secret,
  client_certificate,
  workload_identity,
  managed_identity,
  azure_cli,
};

// Empty: not set.
struct AzureIdentitySettings {
  AzureCredentialKind kind = AzureCredentialKind::automatic;
  bool with_azure_cli = true;           // `automatic` may end at the az command
  std::string authority_host;           // AZURE_AUTHORITY_HOST; default: login.microsoftonline.com
  std::string tenant;                   // AZURE_TENANT_ID
  std::string client_id;                // AZURE_CLIENT_ID
  SecretBytes client_secret;            // AZURE_CLIENT_SECRET
  std::string certificate_path;         // AZURE_CLIENT_CERTIFICATE_PATH: PEM or PKCS#12, with key
  SecretBytes certificate_password;     // AZURE_CLIENT_CERTIFICATE_PASSWORD
  bool send_certificate_chain = false;  // AZURE_CLIENT_SEND_CERTIFICATE_CHAIN
  std::string federated_token_file;     // AZURE_FEDERATED_TOKEN_FILE
  std::string identity_endpoint;        // IDENTITY_ENDPOINT: of App Service, with the next one
  SecretBytes identity_header;          // IDENTITY_HEADER
  std::string imds_host;                // AZURE_POD_IDENTITY_AUTHORITY_HOST
  // A managed identity by something else than client_id; no variable has them.
  std::string identity_object_id;
  std::string identity_resource_id;
  std::string search_path;  // PATH, where the az command is looked for
};

// Reads a variable: nullptr if there is none.
using Environment = std::function<const char*(const char*)>;

// As `environment` (of the process, unless given) has it. AZURE_TOKEN_CREDENTIALS chooses the kind
// as in Azure's SDKs: "EnvironmentCredential" (client secret, else certificate),
// "WorkloadIdentityCredential", "ManagedIdentityCredential", "AzureCliCredential", "dev" (the az
// command) or "prod" (anything but it). Throws Code::invalid_argument for anything else.
AzureIdentitySettings azure_identity_settings(const Environment& environment = {});

}  // namespace sapdr::core
