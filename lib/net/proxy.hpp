// Which proxy a request goes through, as curl decides it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "net/url.hpp"

namespace sapdr::core {

struct Proxy {
  std::string host;
  uint16_t port = 0;
  SecretBytes authorization;  // "Basic …"; empty: none

  // "http://host:port", with a user and a password maybe; without a port 1080, as curl has it.
  // Throws Code::invalid_argument; the message quotes nothing of it.
  static Proxy parse(std::string_view text);

  std::string shown() const;  // without user and password
};

class ProxyRules {
 public:
  // As HttpOptions::proxy says; the environment is read here and never again. Throws
  // Code::invalid_argument for an option that is no proxy.
  explicit ProxyRules(const std::string& option);
  ~ProxyRules();
  ProxyRules(const ProxyRules&) = delete;
  ProxyRules& operator=(const ProxyRules&) = delete;

  // Throws Code::invalid_argument if the environment names one that is none.
  std::optional<Proxy> proxy_for(const Url& url) const;

 private:
  std::string for_http_, for_https_;  // empty: none; wiped, as they may hold passwords
  std::string no_proxy_;
};

// True if a list as NO_PROXY has it says that `host` needs none: "*", names that it is or is below,
// addresses, and networks ("10.0.0.0/8").
bool needs_no_proxy(std::string_view host, std::string_view no_proxy);

}  // namespace sapdr::core
