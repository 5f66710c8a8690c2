#include "net/proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/number.hpp"

namespace sapdr::core {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
  return result;
}

std::string first_of_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

// An IPv4 or IPv6 address; size 0 if it is neither.
struct Address {
  unsigned char bytes[16];
  size_t size = 0;

  explicit Address(const std::string& text) {
    if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) {
      size = 4;
    } else if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) {
      size = 16;
    }
  }

  // The first `bits` are those of `other`.
  bool is_in(const Address& other, size_t bits) const {
    if (size != other.size || bits > size * 8) return false;
    const size_t whole = bits / 8;
    if (std::memcmp(bytes, other.bytes, whole) != 0) return false;
    const int rest = 0xff00 >> bits % 8 & 0xff;
    return rest == 0 || ((bytes[whole] ^ other.bytes[whole]) & rest) == 0;
  }
};

bool is_address_in(const Address& address, std::string_view network) {
  const size_t slash = network.find('/');
  const Address other{std::string(network.substr(0, slash))};
  if (other.size == 0) return false;
  size_t bits = other.size * 8;
  if (slash != std::string_view::npos) {
    const auto number = parse_number<size_t>(network.substr(slash + 1));
    if (!number) return false;
    bits = *number;
  }
  return address.is_in(other, bits);
}

bool is_name_below(const std::string& name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace

bool needs_no_proxy(std::string_view host, std::string_view no_proxy) {
  constexpr const char* separators = " ,\t";
  const std::string name = lower(host);
  const Address address(name);
  for (size_t at = 0; (at = no_proxy.find_first_not_of(separators, at)) != no_proxy.npos;) {
    const size_t end = std::min(no_proxy.find_first_of(separators, at), no_proxy.size());
    std::string entry = lower(no_proxy.substr(at, end - at));
    at = end;
    if (entry == "*") return true;
    if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
    if (address.size != 0) {
      if (is_address_in(address, entry)) return true;
      continue;
    }
    if (entry.starts_with('.')) entry.erase(0, 1);
    if (entry.ends_with('.')) entry.pop_back();
    if (!entry.empty() && is_name_below(name, entry)) return true;
  }
  return false;
}

Proxy Proxy::parse(std::string_view text) {
  const auto refuse = [] {
    return Error(Code::invalid_argument,
                 "the proxy is not of the form http://host:port or http://user:password@host:port");
  };
  if (const size_t scheme = text.find("://"); scheme != text.npos) {
    if (lower(text.substr(0, scheme)) != "http") throw refuse();
    text.remove_prefix(scheme + 3);
  }
  Proxy proxy;
  try {
    if (const size_t at = text.rfind('@'); at != text.npos) {
      std::string user = percent_decode(text.substr(0, at));
      std::string encoded = "Basic " + to_base64(as_bytes(user));
      const ByteView bytes = as_bytes(encoded);
      proxy.authorization.assign(bytes.begin(), bytes.end());
      OPENSSL_cleanse(encoded.data(), encoded.size());
      OPENSSL_cleanse(user.data(), user.size());
      text.remove_prefix(at + 1);
    }
    if (text.ends_with('/')) text.remove_suffix(1);
    const Url url = Url::parse("http://" + std::string(text));
    if (url.path != "/" || !url.query.empty() || text.ends_with('/')) throw refuse();
    const bool has_port = text.find(':', std::min(text.rfind(']'), text.size())) != text.npos ||
                          (!text.ends_with(']') && text.rfind(':') != text.npos);
    proxy.host = url.host;
    proxy.port = has_port ? url.port : 1080;
  } catch (const Error&) {
    throw refuse();  // without the reason, which could quote
  }
  return proxy;
}

std::string Proxy::shown() const {
  Url url;
  url.tls = false;
  url.host = host;
  url.port = port;
  return url.origin();
}

ProxyRules::ProxyRules(const std::string& option) {
  if (option == "none") return;
  if (!option.empty()) {
    Proxy::parse(option);
    for_http_ = for_https_ = option;
    return;
  }
  // HTTP_PROXY is what a web server tells a CGI program of the header Proxy, so curl ignores it.
  for_http_ = first_of_environment({"http_proxy", "all_proxy", "ALL_PROXY"});
  for_https_ = first_of_environment({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  no_proxy_ = first_of_environment({"no_proxy", "NO_PROXY"});
}

ProxyRules::~ProxyRules() {
  for (std::string* text : {&for_http_, &for_https_}) OPENSSL_cleanse(text->data(), text->size());
}

std::optional<Proxy> ProxyRules::proxy_for(const Url& url) const {
  const std::string& text = url.tls ? for_https_ : for_http_;
  if (text.empty() || needs_no_proxy(url.host, no_proxy_)) return std::nullopt;
  return Proxy::parse(text);
}

}  // namespace sapdr::core
