// The client under test, and what most tests ask of it.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/cancel.hpp"
#include "base/context.hpp"
#include "net/http.hpp"
#include "server.hpp"
#include "support/errors.hpp"

namespace sapdr::test {

using namespace sapdr::core;
using namespace std::chrono_literals;

inline ContextPtr context() {
  return std::make_shared<Context>(Context::Settings());
}

// Without a proxy, and with time for a machine that is busy.
inline HttpOptions options() {
  HttpOptions options;
  options.proxy = "none";
  options.timeouts = {30s, 30s, 30s};
  return options;
}

inline HttpClientPtr client(const HttpOptions& with = options()) {
  return make_http_client(context(), with);
}

inline HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = Url::parse(url);
  return request;
}

// `body` is borrowed.
inline HttpRequest put(const std::string& url, std::string_view body) {
  HttpRequest request = get(url);
  request.method = "PUT";
  request.body = as_bytes(body);
  return request;
}

inline std::string text(const HttpResponse& response) {
  return std::string(as_text(response.body));
}

inline ByteSpan span_of(std::string& buffer) {
  return {reinterpret_cast<std::byte*>(buffer.data()), buffer.size()};
}

// How long a call takes; a test's machine may be slow, so limits are generous.
template <class Call>
std::chrono::milliseconds time_of(Call call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

inline std::string detail(const Error& error, std::string_view key) {
  const std::string* value = error.detail(key);
  return value == nullptr ? "" : *value;
}

}  // namespace sapdr::test
