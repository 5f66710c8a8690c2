// HTTP/1.1 requests, one call each: the caller's thread sends, waits and receives.
//
// CONTRACT
//   - `send` may be called from any thread at the same time. Connections are kept alive and reused;
//     a call uses one for itself.
//   - Any status is an answer and is returned; redirects are not followed. What keeps an answer
//     away, or in part, is thrown: Code::network (Retry::yes where nothing was sent, else
//     Retry::maybe; Retry::never where that helps nobody: a certificate, a host that does not
//     exist, a proxy that refuses, an answer that is too large), Code::timeout (Retry::maybe),
//     Code::cancelled if the operation of the calling thread is cancelled (base/cancel.hpp; noticed
//     within 0.1 s, in every phase, name look-up excepted). Messages name method and Url::shown(),
//     never headers, bodies or queries; the detail "phase" is connect, send, first_byte or receive.
//   - A server may answer before it has the whole request: that answer is returned, but for a 2xx,
//     which is Code::network.
//   - A request on a kept connection that the server closed before the first byte of the answer is
//     sent once more on a new one, whatever the method: servers close idle connections, and every
//     request here may be repeated (see storage/retry.hpp for who makes that true).
//   - Certificates and host names are always verified.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/context.hpp"
#include "net/url.hpp"

namespace sapdr::core {

// Names are compared without regard to case.
class HttpHeaders {
 public:
  void set(std::string_view name, std::string value);  // replaces
  void add(std::string name, std::string value);       // beside others of this name
  // nullptr if there is none; the first if there are several.
  const std::string* find(std::string_view name) const;
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

struct HttpRequest {
  std::string method = "GET";
  Url url;
  HttpHeaders headers;  // Host, Content-Length and Connection are added, and refused here
  ByteView body;        // borrowed until send() returns
  // Where the body of a 200 or 206 goes, which then has to be just as long (else Code::network,
  // Retry::maybe). Empty: into HttpResponse::body. Bodies of other statuses always go there.
  ByteSpan into;
  uint64_t max_body = 16 * 1024 * 1024;  // of HttpResponse::body; more is Code::network, never
};

struct HttpResponse {
  unsigned status = 0;
  // The request was sent twice (see above), and may have been carried out twice: "it is there
  // already" or "it is gone" may be its own doing.
  bool repeated = false;
  HttpHeaders headers;
  Bytes body;
};

struct HttpTimeouts {
  std::chrono::milliseconds connect = std::chrono::seconds(15);  // name, TCP, proxy and TLS
  // From when the other side has the last byte, as far as the system knows.
  std::chrono::milliseconds first_byte = std::chrono::seconds(60);
  std::chrono::milliseconds stall =
      std::chrono::seconds(30);  // with less than 1 KB a second, either way
};

struct HttpOptions {
  unsigned max_connections = 16;  // at once, to all hosts; further calls wait
  HttpTimeouts timeouts;
  // "http://host:port", also with user and password; empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY
  // (or in lower case) decide, as curl reads them; "none": no proxy.
  std::string proxy;
  std::string ca_file;  // PEM, trusted beside the system's; empty: SSL_CERT_FILE as OpenSSL has it
};

class HttpClient {
 public:
  HttpClient() = default;
  virtual ~HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  virtual HttpResponse send(const HttpRequest& request) = 0;
};

using HttpClientPtr = std::shared_ptr<HttpClient>;

// Connects to nothing yet. Throws Code::invalid_argument for a proxy or CA file that is none.
HttpClientPtr make_http_client(ContextPtr context, const HttpOptions& options = {});

}  // namespace sapdr::core
