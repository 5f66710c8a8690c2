#include "net/url.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/number.hpp"

namespace sapdr::core {

namespace {

constexpr size_t max_url = 64 * 1024;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
// -1 if it is none.
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

bool is_unreserved(char c) {
  return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
  return result;
}

// A URL in a message: nothing that could be a secret, so nothing at all of what has a user.
[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  std::string shown;
  const std::string start = lower(text.substr(0, 8));
  if ((start.starts_with("http://") || start == "https://") && text.find('@') == text.npos) {
    shown = " " + std::string(text.substr(0, std::min<size_t>(text.find_first_of("?#"), 200)));
  }
  throw Error(Code::invalid_argument, "the URL" + shown + " is not valid: " + why);
}

// RFC 3986: pchar, "/", and "?" in a query.
bool is_path_or_query(std::string_view text, bool is_query) {
  constexpr std::string_view others = "!$&'()*+,;=:@/";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
        return false;
      }
    } else if (!is_unreserved(c) && others.find(c) == others.npos && !(is_query && c == '?')) {
      return false;
    }
  }
  return true;
}

bool is_address(int family, const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  const bool is_whole = text.find('\0') == text.npos;  // inet_pton reads no further
  return is_whole && ::inet_pton(family, text.c_str(), bytes) == 1;
}

// A name of DNS, or an IPv4 address.
bool is_host(const std::string& text) {
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  bool is_numeric = true;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (!is_digit(c) && !is_letter(c) && c != '-' && c != '_') return false;
    if (++label > 63) return false;
    is_numeric = is_numeric && is_digit(c);
  }
  // Only digits and dots: no short form ("127.1") that means another host than it looks like.
  return label > 0 && (!is_numeric || is_address(AF_INET, text));
}

void parse_authority(Url& url, std::string_view authority, std::string_view text) {
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == authority.npos) refuse(text, "there is no \"]\"");
  const size_t colon = authority.find(':', bracket);
  url.host = lower(authority.substr(0, colon));
  if (bracket != 0) {
    if (url.host.size() != bracket + 1) refuse(text, "a port begins with \":\"");
    url.host = url.host.substr(1, bracket - 1);
    if (!is_address(AF_INET6, url.host)) refuse(text, "the address is not one of IPv6");
  } else if (!is_host(url.host)) {
    refuse(text, "the host is not a name or an address");
  }
  if (colon == authority.npos) return;
  const auto port = parse_number<uint16_t>(authority.substr(colon + 1));
  if (!port || *port == 0) refuse(text, "the port is not a number from 1 to 65535");
  url.port = *port;
}

}  // namespace

Url Url::parse(std::string_view text) {
  if (text.size() > max_url) refuse({}, "it is too long");
  Url url;
  const size_t scheme = text.find("://");
  const std::string name = lower(text.substr(0, std::min<size_t>(scheme, 8)));
  if (scheme == text.npos || (name != "https" && name != "http")) {
    refuse(text, "it does not begin with https:// or http://");
  }
  url.tls = name == "https";
  url.port = url.tls ? 443 : 80;
  if (text.find('#') != text.npos) refuse(text, "it has a fragment (#)");
  std::string_view rest = text.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != authority.npos) refuse(text, "it has a user or a password in it");
  parse_authority(url, authority, text);
  const size_t question = rest.find('?');
  if (question != 0 && !rest.empty()) url.path = rest.substr(0, question);
  if (question != rest.npos) url.query = rest.substr(question + 1);
  if (!is_path_or_query(url.path, false)) {
    refuse(text, "the path has a character that has to be percent-encoded");
  }
  if (!is_path_or_query(url.query, true)) {
    refuse(text, "the query has a character that has to be percent-encoded");
  }
  return url;
}

std::string Url::origin() const {
  std::string text = tls ? "https://" : "http://";
  if (host.find(':') == host.npos) {
    text += host;
  } else {
    text.append("[").append(host).append("]");
  }
  if (port != (tls ? 443 : 80)) text.append(":").append(std::to_string(port));
  return text;
}

std::string Url::target() const {
  return query.empty() ? path : path + "?" + query;
}

std::string Url::shown() const {
  return origin() + path;
}

void Url::add_query(std::string_view name, std::string_view value) {
  if (!query.empty()) query += '&';
  query.append(percent_encode(name)).append("=").append(percent_encode(value));
}

std::string percent_encode(std::string_view text, bool keep_slashes) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slashes && c == '/')) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return result;
}

std::string percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      throw Error(Code::invalid_argument,
                  "a percent-encoded text has a \"%\" without two hexadecimal digits");
    }
    result += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> split_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view each = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(each.size() + 1, query.size()));
    if (each.empty()) continue;
    const size_t equals = std::min(each.find('='), each.size());
    pairs.emplace_back(percent_decode(each.substr(0, equals)),
                       percent_decode(each.substr(std::min(equals + 1, each.size()))));
  }
  return pairs;
}

}  // namespace sapdr::core
