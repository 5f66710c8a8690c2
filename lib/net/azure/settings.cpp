#include "net/azure/settings.hpp"

#include <strings.h>

#include <cstdlib>
#include <string_view>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

bool is_same(const std::string& text, const char* other) {
  return ::strcasecmp(text.c_str(), other) == 0;
}

void choose_kind(AzureIdentitySettings& settings, const std::string& chosen) {
  if (chosen.empty()) return;
  if (is_same(chosen, "prod")) {
    settings.with_azure_cli = false;
  } else if (is_same(chosen, "EnvironmentCredential")) {
    settings.kind = AzureCredentialKind::client_secret;
    if (settings.client_secret.empty()) settings.kind = AzureCredentialKind::client_certificate;
  } else if (is_same(chosen, "WorkloadIdentityCredential")) {
    settings.kind = AzureCredentialKind::workload_identity;
  } else if (is_same(chosen, "ManagedIdentityCredential")) {
    settings.kind = AzureCredentialKind::managed_identity;
  } else if (is_same(chosen, "AzureCliCredential") || is_same(chosen, "dev")) {
    settings.kind = AzureCredentialKind::azure_cli;
  } else {
    throw Error(Code::invalid_argument,
                "AZURE_TOKEN_CREDENTIALS is \"" + chosen.substr(0, 64) +
                    "\"; it may be dev, prod, EnvironmentCredential, WorkloadIdentityCredential, "
                    "ManagedIdentityCredential or AzureCliCredential");
  }
}

}  // namespace

AzureIdentitySettings azure_identity_settings(const Environment& environment) {
  const auto text = [&](const char* name) -> std::string {
    const char* value = environment ? environment(name) : std::getenv(name);
    return value == nullptr ? "" : value;
  };
  const auto secret = [&](const char* name) -> SecretBytes {
    const char* value = environment ? environment(name) : std::getenv(name);
    const ByteView bytes = as_bytes(value == nullptr ? "" : value);
    return {bytes.begin(), bytes.end()};
  };
  AzureIdentitySettings settings;
  settings.authority_host = text("AZURE_AUTHORITY_HOST");
  settings.tenant = text("AZURE_TENANT_ID");
  settings.client_id = text("AZURE_CLIENT_ID");
  settings.client_secret = secret("AZURE_CLIENT_SECRET");
  settings.certificate_path = text("AZURE_CLIENT_CERTIFICATE_PATH");
  settings.certificate_password = secret("AZURE_CLIENT_CERTIFICATE_PASSWORD");
  const std::string chain = text("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN");
  settings.send_certificate_chain = chain == "1" || is_same(chain, "true");
  settings.federated_token_file = text("AZURE_FEDERATED_TOKEN_FILE");
  settings.identity_endpoint = text("IDENTITY_ENDPOINT");
  settings.identity_header = secret("IDENTITY_HEADER");
  settings.imds_host = text("AZURE_POD_IDENTITY_AUTHORITY_HOST");
  settings.search_path = text("PATH");
  choose_kind(settings, text("AZURE_TOKEN_CREDENTIALS"));
  return settings;
}

}  // namespace sapdr::core
