#include "net/azure/token_request.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "base/cancel.hpp"
#include "net/azure/token_answer.hpp"

namespace sapdr::core {

namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

bool passes(unsigned status, bool is_imds) {
  return status == 408 || status == 429 || status >= 500 ||
         (is_imds && (status == 404 || status == 410));
}

// The form with seconds; Azure sends no dates.
std::optional<Nanoseconds> retry_after(const HttpResponse& response) {
  const std::string* text = response.headers.find("Retry-After");
  if (text == nullptr) return std::nullopt;
  uint32_t seconds = 0;
  const char* end = text->data() + text->size();
  if (std::from_chars(text->data(), end, seconds).ptr != end || text->empty()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

// Between a half and one and a half: clients that failed together do not come back together.
double jitter(const Context& context) {
  uint16_t number;
  context.random({reinterpret_cast<std::byte*>(&number), sizeof number});
  return 0.5 + number / 65535.0;
}

Nanoseconds back_off(const Context& context, const TokenRetries& retries, unsigned attempt,
                     unsigned status) {
  // Of 5, 10, 20 and 40 seconds, give or take, come the 70 that an update of IMDS may take.
  const double factor = status == 410 ? 5.0 : 1.0;
  const double wait =
      static_cast<double>(retries.min_wait.count()) * factor * std::exp2(attempt - 1);
  const double shared = status == 410 ? std::max(1.0, jitter(context)) : jitter(context);
  return Nanoseconds(static_cast<int64_t>(wait * shared));
}

Error busy_error(const HttpResponse& response, const HttpRequest& request, std::string_view whom) {
  return Error(Code::network,
               std::string(whom) + " gives no token at the moment: " + request.url.shown() +
                   " answered with status " + std::to_string(response.status),
               Retry::maybe)
      .with("status", std::to_string(response.status));
}

// Waits for the next attempt; throws `error` if there is none.
void wait_or_throw(const Context& context, const TokenRetries& retries, unsigned attempt,
                   Clock::time_point start, Nanoseconds pause, const Error& error) {
  const auto next = Clock::now() + pause;
  if (attempt >= retries.max_attempts || next - start > retries.max_elapsed) throw error;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(pause).count();
  context.log(LogLevel::warning, "identity",
              "attempt " + std::to_string(attempt) + " failed, the next one is in " +
                  std::to_string(ms) + " ms: " + error.message());
  if (!sleep_until(next)) {
    throw Error(Code::cancelled, "the operation was cancelled while it waited for a token")
        .because(error);
  }
}

}  // namespace

SecretResponse::~SecretResponse() {
  OPENSSL_cleanse(response_.body.data(), response_.body.size());
}

IssuedToken token_in(const SecretResponse& response, const HttpRequest& request, UnixNs asked,
                     std::string_view whom) {
  try {
    return parse_token_answer(response.text(), asked, whom);
  } catch (const Error& error) {
    throw Error(Code::network,
                request.url.shown() + " answered with something that holds no token; is it " +
                    std::string(whom) + ", or a proxy's page?",
                Retry::maybe)
        .because(error);
  }
}

HttpResponse ask_for_token(const Context& context, HttpClient& client, const HttpRequest& request,
                           std::string_view whom, const TokenRetries& retries) {
  const auto start = Clock::now();
  for (unsigned attempt = 1;; ++attempt) {
    unsigned status = 0;
    std::optional<Nanoseconds> asked_pause;
    std::optional<Error> problem;
    try {
      HttpResponse response = client.send(request);
      status = response.status;
      if (!passes(status, retries.is_imds)) return response;
      asked_pause = retry_after(response);
      problem = busy_error(response, request, whom);
    } catch (const Error& error) {
      if (error.retry() == Retry::never) throw;
      problem = error;
    }
    const Nanoseconds pause = std::max(back_off(context, retries, attempt, status),
                                       asked_pause.value_or(Nanoseconds::zero()));
    wait_or_throw(context, retries, attempt, start, pause, *problem);
  }
}

}  // namespace sapdr::core
