// Answers to requests for tokens that no server would give on demand.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/azure/credential.hpp"
#include "support.hpp"

namespace sapdr::test {

// Gives what it was told to, in that order; a request for which there is nothing is Code::internal.
class ScriptedClient final : public HttpClient {
 public:
  struct Sent {
    std::string method;
    Url url;
    HttpHeaders headers;
    std::string body;
  };

  void answer(unsigned status, const std::string& body, const std::string& retry_after = {});
  void fail(const Error& error);
  HttpResponse send(const HttpRequest& request) override;

  // Called in `send`, before the answer.
  std::function<void()> on_send;
  std::vector<Sent> sent;

 private:
  struct Step {
    HttpResponse response;
    std::optional<Error> error;
  };
  std::mutex mutex_;
  std::deque<Step> steps_;
};

// A machine where time stands still, unless it is moved.
struct Machine {
  Machine();

  std::shared_ptr<std::atomic<UnixNs>> now;
  std::shared_ptr<std::vector<std::string>> log;
  std::shared_ptr<ScriptedClient> entra;
  std::shared_ptr<ScriptedClient> local;
  std::shared_ptr<ScriptedClient> probe;
  IssuerTools tools;

  void pass(std::chrono::nanoseconds time) { *now += time.count(); }
};

// An answer of Entra ID with this token.
std::string token_answer(const std::string& token, unsigned lifetime = 3600,
                         const std::string& more = {});

AzureIdentitySettings secret_settings();
std::string text_of(const SecretBytes& bytes);
SecretBytes secret_of(std::string_view text);

inline const std::string storage_scope = "https://storage.azure.com/.default";

}  // namespace sapdr::test
