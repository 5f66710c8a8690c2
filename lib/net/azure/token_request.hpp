// One request for a token, sent again while whoever answers is busy or away.
#pragma once

#include <chrono>
#include <string_view>
#include <utility>

#include "base/context.hpp"
#include "net/azure/issuer.hpp"
#include "net/http.hpp"

namespace sapdr::core {

struct TokenRetries {
  unsigned max_attempts = 5;
  // The pause after the first failure; it doubles with each, give or take a half.
  std::chrono::nanoseconds min_wait = std::chrono::seconds(1);
  std::chrono::nanoseconds max_elapsed = std::chrono::minutes(2);  // of all attempts
  // IMDS says that it is being updated by 404 and 410, the latter for up to 70 seconds.
  bool is_imds = false;
};

// Bodies of answers are no larger than this; tokens have a few KiB.
constexpr uint64_t max_token_answer = 256 * 1024;

// An answer that may hold a token: its body is wiped when it is freed.
class SecretResponse {
 public:
  explicit SecretResponse(HttpResponse response) : response_(std::move(response)) {}
  SecretResponse(const SecretResponse&) = delete;
  SecretResponse& operator=(const SecretResponse&) = delete;
  ~SecretResponse();

  unsigned status() const { return response_.status; }
  std::string_view text() const { return as_text(response_.body); }

 private:
  HttpResponse response_;
};

// The first answer that will not change by itself: a token or a refusal. 408, 429 and 5xx are
// waited out, as Retry-After says if it does, and so are network and time-outs. `whom` is asked,
// for messages and the log. Throws Code::network (Retry::maybe), Code::timeout, Code::cancelled.
HttpResponse ask_for_token(const Context& context, HttpClient& client, const HttpRequest& request,
                           std::string_view whom, const TokenRetries& retries);

// The token in an answer with status 200 to what was asked at `asked`. Throws Code::network
// (Retry::maybe) if there is none: somebody else answered.
IssuedToken token_in(const SecretResponse& response, const HttpRequest& request, UnixNs asked,
                     std::string_view whom);

}  // namespace sapdr::core
