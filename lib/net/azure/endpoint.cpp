#include "net/azure/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view public_cloud = "login.microsoftonline.com";

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Addresses that are not routed on the internet.
bool is_machine_v4(const std::array<unsigned char, 4>& a) {
  return a[0] == 127 || a[0] == 10 || (a[0] == 169 && a[1] == 254) ||
         (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168);
}

bool is_machine_v6(const std::array<unsigned char, 16>& a) {
  const bool is_loopback =
      a[15] == 1 && std::all_of(a.begin(), a.end() - 1, [](unsigned char c) { return c == 0; });
  const bool is_link_local = a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
  const bool is_private = (a[0] & 0xfe) == 0xfc;
  return is_loopback || is_link_local || is_private;
}

bool is_machine_host(const std::string& host) {
  std::array<unsigned char, 4> v4;
  std::array<unsigned char, 16> v6;
  if (inet_pton(AF_INET, host.c_str(), v4.data()) == 1) return is_machine_v4(v4);
  if (inet_pton(AF_INET6, host.c_str(), v6.data()) == 1) return is_machine_v6(v6);
  return host == "localhost";
}

}  // namespace

void check_tenant(std::string_view tenant) {
  const bool is_plain = std::all_of(tenant.begin(), tenant.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.';
  });
  if (is_plain && !tenant.empty() && tenant.size() <= 256 && tenant.front() != '-') return;
  throw Error(Code::invalid_argument,
              "AZURE_TENANT_ID is not the id or the domain name of a tenant of Entra ID");
}

Url entra_token_endpoint(std::string_view authority_host, std::string_view tenant) {
  check_tenant(tenant);
  std::string text(authority_host.empty() ? public_cloud : authority_host);
  if (text.find("://") == std::string::npos) text.insert(0, "https://");
  Url url = Url::parse(text);
  if (!url.tls) {
    throw Error(Code::invalid_argument, "AZURE_AUTHORITY_HOST is " + url.shown() +
                                            "; secrets are sent there, so only " +
                                            "https is taken");
  }
  if (!url.query.empty()) {
    throw Error(Code::invalid_argument, "AZURE_AUTHORITY_HOST must be a host without a query");
  }
  while (url.path.ends_with('/')) url.path.pop_back();
  url.path.append("/").append(tenant).append("/oauth2/v2.0/token");
  return url;
}

Url machine_endpoint(std::string_view text, std::string_view variable) {
  const Url url = Url::parse(text);
  if (url.tls || is_machine_host(url.host)) return url;
  throw Error(Code::invalid_argument,
              std::string(variable) + " is " + url.shown() +
                  "; http is taken for local addresses only, since tokens come from there");
}

std::string resource_of_scope(std::string_view scope) {
  constexpr std::string_view suffix = "/.default";
  if (scope.ends_with(suffix)) scope.remove_suffix(suffix.size());
  return std::string(scope);
}

}  // namespace sapdr::core
