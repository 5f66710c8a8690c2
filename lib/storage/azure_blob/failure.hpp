// What an answer of Blob Storage that is no success means to us.
#pragma once

#include <string>

#include "base/error.hpp"
#include "net/http.hpp"
#include "storage/azure_blob/credential.hpp"

namespace sapdr::core {

// What the failure is about, for its message.
struct BlobAttempt {
  std::string what;   // "store pack 0123…"
  std::string where;  // the location without secrets
  std::string container;
  UnixNs now = 0;  // by the clock of this machine
};

// "x-ms-error-code", or what the body says; empty if neither does.
std::string error_code_of(const HttpResponse& response);

// Details: http_status, error_code, request_id; retry_after (seconds) if the service asked for a
// pause; repeated if the request was sent twice.
Error blob_failure(const HttpResponse& response, const BlobAttempt& attempt,
                   const BlobCredential& credential);

}  // namespace sapdr::core
