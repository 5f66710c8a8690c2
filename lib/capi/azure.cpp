#include <sapdr/azure.h>

#include <optional>
#include <utility>

#include "capi/handles.hpp"
#include "capi/options.hpp"
#include "net/azure/credential.hpp"
#include "storage/azure_blob/azure_blob.hpp"
#include "storage/open.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

constexpr uint32_t most_connections = 256;

void read_timeout(std::chrono::milliseconds& into, int64_t ns, const char* name) {
  const std::chrono::nanoseconds given(capi::read_duration(ns, name));
  if (ns != 0) into = std::chrono::ceil<std::chrono::milliseconds>(given);
}

void read_text(std::string& into, const char* text, const char* name) {
  if (text != nullptr) into = capi::optional_text(text, name);
}

void read_secret(core::SecretBytes& into, const char* text, const char* name) {
  if (text == nullptr) return;
  static_cast<void>(capi::optional_text(text, name));  // refuses an empty one
  const core::ByteView bytes = core::as_bytes(text);
  into.assign(bytes.begin(), bytes.end());
}

bool names_identity(const sapdr_azure_options& given) {
  if (given.identity_kind != SAPDR_AZURE_IDENTITY_AUTOMATIC) return true;
  for (const char* text : {given.tenant_id, given.client_id, given.client_secret,
                           given.certificate_path, given.federated_token_file}) {
    if (text != nullptr) return true;
  }
  return false;
}

core::AzureCredentialKind kind_of(const sapdr_azure_options& given) {
  using Kind = core::AzureCredentialKind;
  switch (given.identity_kind) {
    case SAPDR_AZURE_IDENTITY_CLIENT_SECRET:
      return Kind::client_secret;
    case SAPDR_AZURE_IDENTITY_CLIENT_CERTIFICATE:
      return Kind::client_certificate;
    case SAPDR_AZURE_IDENTITY_WORKLOAD:
      return Kind::workload_identity;
    case SAPDR_AZURE_IDENTITY_MANAGED:
      return Kind::managed_identity;
    case SAPDR_AZURE_IDENTITY_CLI:
      return Kind::azure_cli;
    default:
      return Kind::automatic;
  }
}

// What is given goes before what the environment says.
core::AzureIdentitySettings read_identity(const sapdr_azure_options& given) {
  core::AzureIdentitySettings settings = core::azure_identity_settings();
  settings.kind = kind_of(given);
  read_text(settings.authority_host, given.authority_host, "authority_host");
  read_text(settings.tenant, given.tenant_id, "tenant_id");
  read_text(settings.client_id, given.client_id, "client_id");
  read_secret(settings.client_secret, given.client_secret, "client_secret");
  read_text(settings.certificate_path, given.certificate_path, "certificate_path");
  read_secret(settings.certificate_password, given.certificate_password, "certificate_password");
  read_text(settings.federated_token_file, given.federated_token_file, "federated_token_file");
  return settings;
}

core::AzureBlobOptions read_azure(const core::ContextPtr& context,
                                  const sapdr_azure_options& given) {
  capi::require_range(given.identity_kind, 0, SAPDR_AZURE_IDENTITY_CLI, "identity_kind");
  capi::require_unused(given.reserved);
  capi::require_range(given.connections, 0, most_connections, "connections");
  core::AzureBlobOptions options;
  options.connections = given.connections;
  options.rehydrate_fast = given.rehydrate_fast != 0;
  options.pack_tier =
      capi::read_choice<core::AccessTier>(given.pack_tier, SAPDR_AZURE_TIER_ARCHIVE, "pack_tier");
  options.secondary = capi::read_choice<core::ReadSecondary>(
      given.secondary, SAPDR_AZURE_SECONDARY_ONLY, "secondary");
  read_text(options.account, given.account, "account");
  read_secret(options.account_key, given.account_key, "account_key");
  read_secret(options.sas, given.sas, "sas");
  read_secret(options.connection_string, given.connection_string, "connection_string");
  read_text(options.ca_file, given.ca_file, "ca_file");
  read_text(options.proxy, given.proxy, "proxy");
  read_text(options.account_id, given.account_id, "account_id");
  read_text(options.management_endpoint, given.management_endpoint, "management_endpoint");
  read_timeout(options.timeouts.connect, given.connect_timeout_ns, "connect_timeout_ns");
  read_timeout(options.timeouts.first_byte, given.first_byte_timeout_ns, "first_byte_timeout_ns");
  read_timeout(options.timeouts.stall, given.stall_timeout_ns, "stall_timeout_ns");
  if (names_identity(given)) {
    options.credential =
        core::make_azure_credential(context, read_identity(given), core::http_options(options));
  }
  return options;
}

}  // namespace

sapdr_status sapdr_backend_open_azure(sapdr_backend** out, sapdr_ctx* ctx, const char* location,
                                      const sapdr_azure_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::ContextPtr& context = capi::use(ctx);
    const std::string place = &capi::require(location, "location");
    const sapdr_azure_options given = capi::read_options(options, "options");
    std::optional<core::RetryOptions> retry;
    if (given.no_retry == 0) {
      retry.emplace();
      const int64_t time = capi::read_duration(given.retry_for_ns, "retry_for_ns");
      if (time != 0) retry->max_elapsed = std::chrono::nanoseconds(time);
    }
    return capi::new_backend(context,
                             core::open_azure(context, place, read_azure(context, given), retry,
                                              {given.limit_upload, given.limit_download}));
  });
}
