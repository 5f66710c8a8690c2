#include "storage/azure_blob/blob_client.hpp"

#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "storage/azure_blob/http_date.hpp"

namespace sapdr::core {

namespace {

// Has all that is needed here, and is known to sovereign clouds and to emulators.
constexpr const char* service_version = "2023-11-03";
constexpr const char* user_agent = "libsapdr";

// A sent request, which holds secrets.
struct Sent {
  HttpRequest request;
  ~Sent() { wipe_authorization(request); }
};

}  // namespace

BlobClient::BlobClient(ContextPtr context, HttpClientPtr http, ContainerPlace place)
    : context_(std::move(context)), http_(std::move(http)), place_(std::move(place)) {}

std::string BlobClient::new_request_id() const {
  std::array<std::byte, 16> id;
  context_->random(id);
  return to_hex(id);
}

HttpResponse BlobClient::send_once(const HttpRequest& request, HttpRequest& sent) const {
  sent = request;
  // Of the real time, not of the context's clock, which tests may stop.
  sent.headers.set("x-ms-date", format_http_date(now_ns()));
  sent.headers.set("x-ms-version", service_version);
  sent.headers.set("x-ms-client-request-id", new_request_id());
  sent.headers.set("User-Agent", user_agent);
  place_.credential->authorize(sent);
  return http_->send(sent);
}

HttpResponse BlobClient::send(HttpRequest request) const {
  Sent sent;
  HttpResponse response = send_once(request, sent.request);
  if (response.status != 401 || !place_.credential->renew(sent.request)) return response;
  wipe_authorization(sent.request);
  return send_once(request, sent.request);
}

Error BlobClient::failure(const HttpResponse& response, const std::string& what) const {
  return blob_failure(response, {what, place_.shown, place_.container, now_ns()},
                      *place_.credential);
}

}  // namespace sapdr::core
