// Requests to one container of Blob Storage: with the headers that all need, authorised, and
// authorised anew once if a token was refused.
#pragma once

#include <string>

#include "base/context.hpp"
#include "storage/azure_blob/failure.hpp"
#include "storage/azure_blob/place.hpp"

namespace sapdr::core {

inline bool is_success(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

// May be used from any thread at the same time.
class BlobClient {
 public:
  // The credential of `place` must be there.
  BlobClient(ContextPtr context, HttpClientPtr http, ContainerPlace place);

  const ContainerPlace& place() const { return place_; }

  // `request` without what this class adds. Any answer comes back.
  HttpResponse send(HttpRequest request) const;
  // What an answer that is no success means; `what` was to be done, "store pack 0123…".
  Error failure(const HttpResponse& response, const std::string& what) const;

 private:
  HttpResponse send_once(const HttpRequest& request, HttpRequest& sent) const;
  std::string new_request_id() const;

  const ContextPtr context_;
  const HttpClientPtr http_;
  const ContainerPlace place_;
};

}  // namespace sapdr::core
