/* Options of Azure Blob Storage, for sapdr::backend. */
#pragma once

#include <sapdr/azure.h>

#include <chrono>
#include <optional>
#include <sapdr/cpp/error.hpp>
#include <string>

namespace sapdr {

/* The fields mean what they mean in sapdr_azure_options. */
struct azure_options {
  uint32_t connections = 0; /* 0: 8 */
  std::optional<std::string> account{};
  std::optional<std::string> account_key{};
  std::optional<std::string> sas{};
  std::optional<std::string> connection_string{};
  int32_t identity_kind = SAPDR_AZURE_IDENTITY_AUTOMATIC;
  int32_t pack_tier = SAPDR_AZURE_TIER_OF_ACCOUNT;
  std::optional<std::string> authority_host{};
  std::optional<std::string> tenant_id{};
  std::optional<std::string> client_id{};
  std::optional<std::string> client_secret{};
  std::optional<std::string> certificate_path{};
  std::optional<std::string> certificate_password{};
  std::optional<std::string> federated_token_file{};
  std::optional<std::string> ca_file{};
  std::optional<std::string> proxy{};
  std::chrono::nanoseconds connect_timeout{};    /* 0: 15 seconds */
  std::chrono::nanoseconds first_byte_timeout{}; /* 0: 60 seconds */
  std::chrono::nanoseconds stall_timeout{};      /* 0: 30 seconds */
  std::chrono::nanoseconds retry_for{};          /* 0: 15 minutes */
  bool retry = true;
  int32_t secondary = SAPDR_AZURE_SECONDARY_NEVER;
  bool rehydrate_fast = false;
  std::optional<std::string> account_id{};
  std::optional<std::string> management_endpoint{};
  uint64_t limit_upload = 0;   /* bytes a second; 0: not limited */
  uint64_t limit_download = 0; /* the same */
};

namespace detail {

/* Borrows the strings. */
inline sapdr_azure_options c_azure(const azure_options& options) {
  auto c = initialized<sapdr_azure_options>();
  c.connections = options.connections;
  c.account = c_string(options.account);
  c.account_key = c_string(options.account_key);
  c.sas = c_string(options.sas);
  c.connection_string = c_string(options.connection_string);
  c.identity_kind = options.identity_kind;
  c.pack_tier = options.pack_tier;
  c.authority_host = c_string(options.authority_host);
  c.tenant_id = c_string(options.tenant_id);
  c.client_id = c_string(options.client_id);
  c.client_secret = c_string(options.client_secret);
  c.certificate_path = c_string(options.certificate_path);
  c.certificate_password = c_string(options.certificate_password);
  c.federated_token_file = c_string(options.federated_token_file);
  c.ca_file = c_string(options.ca_file);
  c.proxy = c_string(options.proxy);
  c.connect_timeout_ns = options.connect_timeout.count();
  c.first_byte_timeout_ns = options.first_byte_timeout.count();
  c.stall_timeout_ns = options.stall_timeout.count();
  c.retry_for_ns = options.retry_for.count();
  c.no_retry = options.retry ? 0 : 1;
  c.secondary = options.secondary;
  c.rehydrate_fast = options.rehydrate_fast;
  c.account_id = c_string(options.account_id);
  c.management_endpoint = c_string(options.management_endpoint);
  c.limit_upload = options.limit_upload;
  c.limit_download = options.limit_download;
  return c;
}

}  // namespace detail
}  // namespace sapdr
