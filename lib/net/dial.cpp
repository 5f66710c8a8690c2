#include "net/dial.hpp"

#include <string>
#include <utility>

#include "net/exchange.hpp"
#include "net/request_head.hpp"
#include "net/tcp.hpp"

namespace sapdr::core {

namespace {

// Asks `proxy` to pass on what follows to the host of `url`.
StreamPtr tunnel(StreamPtr stream, const Url& url, const Proxy& proxy, Patience& patience) {
  Connection connection(std::move(stream));
  HttpRequest request;
  request.method = "CONNECT";
  const SecretBytes head = tunnel_head(url, proxy);
  const HttpResponse response = Exchange(connection, patience).run(head, request);
  if (response.status / 100 != 2) throw proxy_refusal(proxy, response.status, patience);
  if (!connection.received().empty()) {
    throw patience.network("the proxy " + proxy.shown() + " sent data before the server could",
                           Retry::maybe);
  }
  return connection.release_stream();
}

std::string place_of(const std::string& host, uint16_t port) {
  return host + " port " + std::to_string(port);
}

}  // namespace

ConnectionPtr dial(const Url& url, const Proxy* proxy, const TlsContext& tls, Patience& patience) {
  patience.connecting();
  StreamPtr stream =
      proxy == nullptr
          ? connect_tcp(url.host, url.port, place_of(url.host, url.port), patience)
          : connect_tcp(proxy->host, proxy->port, "the proxy " + proxy->shown(), patience);
  if (url.tls) {
    if (proxy != nullptr) stream = tunnel(std::move(stream), url, *proxy, patience);
    stream = tls.handshake(std::move(stream), url, patience);
  }
  patience.connected();
  return std::make_unique<Connection>(std::move(stream));
}

Error proxy_refusal(const Proxy& proxy, unsigned status, const Patience& patience) {
  const std::string number = std::to_string(status);
  if (status == 407) {
    return patience
        .network("the proxy " + proxy.shown() + " wants another user or password (407)",
                 Retry::never)
        .with("proxy", proxy.shown())
        .with("status", number);
  }
  return patience
      .network("the proxy " + proxy.shown() + " made no connection: it answered " + number,
               status >= 500 || status == 429 || status == 408 ? Retry::yes : Retry::never)
      .with("proxy", proxy.shown())
      .with("status", number);
}

}  // namespace sapdr::core
