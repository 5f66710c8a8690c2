// URLs of http and https: taken apart, put together, shown without secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sapdr::core {

struct Url {
  bool tls = true;         // https
  std::string host;        // as DNS or the address has it; IPv6 without brackets
  uint16_t port = 443;     // never 0
  std::string path = "/";  // percent-encoded, begins with "/"
  std::string query;       // percent-encoded, without "?"; may hold secrets (a SAS)

  // An absolute URL. One with a user or password in it, with a fragment or of another scheme is
  // refused. Throws Code::invalid_argument; the message has neither query nor user.
  static Url parse(std::string_view text);

  // "https://host" or "https://host:8443": the port only if it is not the scheme's own. IPv6 in
  // brackets.
  std::string origin() const;
  // What a request line asks for: path and query.
  std::string target() const;
  // origin() and path: fit for messages, as the query is left out.
  std::string shown() const;
  // Adds "name=value", both percent-encoded here.
  void add_query(std::string_view name, std::string_view value);
};

// Percent-encodes all but RFC 3986's unreserved characters, and "/" too if `keep_slashes`.
std::string percent_encode(std::string_view text, bool keep_slashes = false);
// Throws Code::invalid_argument for a "%" without two hexadecimal digits.
std::string percent_decode(std::string_view text);
// "a=1&b=2" decoded, in its order.
std::vector<std::pair<std::string, std::string>> split_query(std::string_view query);

}  // namespace sapdr::core
