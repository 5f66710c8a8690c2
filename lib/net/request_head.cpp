#include "net/request_head.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
           return c > 0x20 && c < 0x7f && c != '#';
         });
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Code::invalid_argument, what + " cannot be part of an HTTP request");
}

void check(const HttpRequest& request) {
  if (!is_token(request.method)) refuse("this method");
  if (!is_target(request.url.target())) refuse("the path or query of " + request.url.origin());
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) refuse("a header of this name");
    if (!is_value(value)) refuse("the value of the header " + name);
  }
  for (const char* added : {"Host", "Content-Length", "Connection", "Transfer-Encoding"}) {
    if (request.headers.find(added) != nullptr) {
      refuse(std::string("the caller's own header ") + added);
    }
  }
}

void append(SecretBytes& head, std::string_view text) {
  const ByteView bytes = as_bytes(text);
  head.insert(head.end(), bytes.begin(), bytes.end());
}

void append_header(SecretBytes& head, std::string_view name, std::string_view value) {
  append(head, name);
  append(head, ": ");
  append(head, value);
  append(head, "\r\n");
}

// Host and port as the header Host has them: origin() without the scheme.
std::string authority_of(const Url& url) {
  const std::string origin = url.origin();
  return origin.substr(origin.find("//") + 2);
}

void append_authorization(SecretBytes& head, const Proxy& proxy) {
  if (proxy.authorization.empty()) return;
  append_header(head, "Proxy-Authorization", as_text(proxy.authorization));
}

}  // namespace

SecretBytes request_head(const HttpRequest& request, const Proxy* proxy) {
  check(request);
  SecretBytes head;
  head.reserve(1024);
  append(head, request.method);
  append(head, " ");
  if (proxy != nullptr) append(head, request.url.origin());
  append(head, request.url.target());
  append(head, " HTTP/1.1\r\n");
  append_header(head, "Host", authority_of(request.url));
  append_header(head, "Connection", "keep-alive");
  if (!request.body.empty() ||
      (request.method != "GET" && request.method != "HEAD" && request.method != "DELETE")) {
    append_header(head, "Content-Length", std::to_string(request.body.size()));
  }
  if (proxy != nullptr) append_authorization(head, *proxy);
  for (const auto& [name, value] : request.headers) append_header(head, name, value);
  append(head, "\r\n");
  return head;
}

SecretBytes tunnel_head(const Url& url, const Proxy& proxy) {
  std::string authority = authority_of(url);
  const std::string port = ":" + std::to_string(url.port);
  if (!authority.ends_with(port)) authority += port;
  SecretBytes head;
  append(head, "CONNECT " + authority + " HTTP/1.1\r\n");
  append_header(head, "Host", authority);
  append_authorization(head, proxy);
  append(head, "\r\n");
  return head;
}

}  // namespace sapdr::core
