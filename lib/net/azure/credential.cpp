#include "net/azure/credential.hpp"

#include <initializer_list>
#include <utility>

#include "base/error.hpp"
#include "net/azure/token_keeper.hpp"

namespace sapdr::core {

namespace {

using Names = std::initializer_list<std::pair<const char*, bool>>;  // a variable, and is it set

// "client secret: AZURE_CLIENT_SECRET is not set"; empty if nothing is missing.
std::string missing(const char* what, Names variables) {
  std::string names;
  size_t count = 0;
  for (const auto& [name, is_set] : variables) {
    if (is_set) continue;
    names.append(count++ == 0 ? "" : ", ").append(name);
  }
  if (count == 0) return {};
  return std::string(what) + ": " + names + (count == 1 ? " is" : " are") + " not set";
}

// What each identity that variables configure lacks.
class Configured {
 public:
  explicit Configured(const AzureIdentitySettings& settings) {
    const std::pair<const char*, bool> tenant("AZURE_TENANT_ID", !settings.tenant.empty());
    const std::pair<const char*, bool> client("AZURE_CLIENT_ID", !settings.client_id.empty());
    secret_ = missing("client secret",
                      {tenant, client, {"AZURE_CLIENT_SECRET", !settings.client_secret.empty()}});
    certificate_ = missing(
        "client certificate",
        {tenant, client, {"AZURE_CLIENT_CERTIFICATE_PATH", !settings.certificate_path.empty()}});
    workload_ = missing(
        "workload identity",
        {tenant, client, {"AZURE_FEDERATED_TOKEN_FILE", !settings.federated_token_file.empty()}});
    has_endpoint_ = (!settings.identity_endpoint.empty() && !settings.identity_header.empty()) ||
                    !settings.imds_host.empty();
    has_part_ = !settings.client_secret.empty() || !settings.certificate_path.empty() ||
                !settings.federated_token_file.empty();
  }

  AzureCredentialKind kind() const {
    if (secret_.empty()) return AzureCredentialKind::client_secret;
    if (certificate_.empty()) return AzureCredentialKind::client_certificate;
    if (workload_.empty()) return AzureCredentialKind::workload_identity;
    if (has_endpoint_) return AzureCredentialKind::managed_identity;
    return AzureCredentialKind::automatic;
  }
  // A secret, certificate or token is there, but not what it belongs to.
  bool has_part() const { return has_part_; }
  std::string text() const { return secret_ + "; " + certificate_ + "; " + workload_; }

 private:
  std::string secret_;
  std::string certificate_;
  std::string workload_;
  bool has_endpoint_ = false;
  bool has_part_ = false;
};

TokenIssuerPtr found_issuer(const IssuerTools& tools, const AzureIdentitySettings& settings,
                            const Configured& configured) {
  if (configured.has_part()) {
    tools.context->log(LogLevel::warning, "identity",
                       "what the environment says of an Azure identity is not complete, so others "
                       "are looked for: " +
                           configured.text());
  }
  std::vector<TokenIssuerPtr> issuers{managed_identity_issuer(tools, settings, true)};
  if (settings.with_azure_cli) issuers.push_back(azure_cli_issuer(tools, settings));
  return first_issuer(std::move(issuers), configured.text());
}

TokenIssuerPtr make_issuer(const IssuerTools& tools, const AzureIdentitySettings& settings) {
  const Configured configured(settings);
  switch (settings.kind == AzureCredentialKind::automatic ? configured.kind() : settings.kind) {
    case AzureCredentialKind::client_secret:
      return client_secret_issuer(tools, settings);
    case AzureCredentialKind::client_certificate:
      return client_certificate_issuer(tools, settings);
    case AzureCredentialKind::workload_identity:
      return workload_identity_issuer(tools, settings);
    case AzureCredentialKind::managed_identity:
      return managed_identity_issuer(tools, settings, false);
    case AzureCredentialKind::azure_cli:
      return azure_cli_issuer(tools, settings);
    case AzureCredentialKind::automatic:
      break;
  }
  return found_issuer(tools, settings, configured);
}

}  // namespace

IdentityClients make_identity_clients(const ContextPtr& context, const HttpOptions& http) {
  using std::chrono::seconds;
  HttpOptions local = http;
  local.proxy = "none";
  local.timeouts.connect = seconds(2);
  HttpOptions probe = local;
  probe.timeouts = {seconds(1), seconds(1), seconds(1)};
  return {make_http_client(context, http), make_http_client(context, local),
          make_http_client(context, probe)};
}

TokenCredentialPtr make_azure_credential(const IssuerTools& tools,
                                         const AzureIdentitySettings& settings) {
  return keep_tokens(tools.context, make_issuer(tools, settings));
}

TokenCredentialPtr make_azure_credential(const ContextPtr& context,
                                         const AzureIdentitySettings& settings,
                                         const HttpOptions& http) {
  IssuerTools tools;
  tools.context = context;
  tools.clients = make_identity_clients(context, http);
  return make_azure_credential(tools, settings);
}

}  // namespace sapdr::core
