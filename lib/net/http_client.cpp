#include <utility>

#include "net/connection_pool.hpp"
#include "net/dial.hpp"
#include "net/exchange.hpp"
#include "net/http.hpp"
#include "net/request_head.hpp"

namespace sapdr::core {

namespace {

class RealClient final : public HttpClient {
 public:
  RealClient(ContextPtr context, const HttpOptions& options)
      : context_(std::move(context)),
        timeouts_(options.timeouts),
        proxies_(options.proxy),
        tls_(options.ca_file),
        pool_(std::max(options.max_connections, 1U)) {}

  HttpResponse send(const HttpRequest& request) override;

 private:
  const ContextPtr context_;
  const HttpTimeouts timeouts_;
  const ProxyRules proxies_;
  const TlsContext tls_;
  ConnectionPool pool_;  // last: its connections use tls_
};

HttpResponse RealClient::send(const HttpRequest& request) {
  context_->check_process();
  const auto proxy = proxies_.proxy_for(request.url);
  const Proxy* by = proxy ? &*proxy : nullptr;
  const SecretBytes head = request_head(request, request.url.tls ? nullptr : by);
  Patience patience(request.method + " " + request.url.shown(), timeouts_);
  ConnectionPool::Lease lease(pool_, request.url.origin(), patience);
  bool repeated = false;
  while (true) {
    ConnectionPtr connection = std::move(lease.connection);
    const bool is_kept = connection != nullptr;
    if (!is_kept) connection = dial(request.url, by, tls_, patience);
    Exchange exchange(*connection, patience);
    try {
      HttpResponse response = exchange.run(head, request);
      if (response.status == 407 && by != nullptr) throw proxy_refusal(*by, 407, patience);
      response.repeated = repeated;
      if (exchange.may_be_kept()) lease.keep(std::move(connection));
      return response;
    } catch (const Error&) {
      if (!is_kept || !exchange.is_unanswered()) throw;
      repeated = true;
    }
  }
}

}  // namespace

HttpClientPtr make_http_client(ContextPtr context, const HttpOptions& options) {
  return std::make_shared<RealClient>(std::move(context), options);
}

}  // namespace sapdr::core
