#include "identity_support.hpp"

namespace sapdr::test {

void ScriptedClient::answer(unsigned status, const std::string& body,
                            const std::string& retry_after) {
  HttpResponse response;
  response.status = status;
  response.body.assign(as_bytes(body).begin(), as_bytes(body).end());
  if (!retry_after.empty()) response.headers.set("Retry-After", retry_after);
  const std::lock_guard lock(mutex_);
  steps_.push_back({response, std::nullopt});
}

void ScriptedClient::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  steps_.push_back({{}, error});
}

HttpResponse ScriptedClient::send(const HttpRequest& request) {
  if (on_send) on_send();
  const std::lock_guard lock(mutex_);
  sent.push_back(
      {request.method, request.url, request.headers, std::string(as_text(request.body))});
  if (steps_.empty()) throw Error(Code::internal, "nobody expected a request");
  const Step step = steps_.front();
  steps_.pop_front();
  if (step.error) throw Error(*step.error);
  return step.response;
}

Machine::Machine()
    : now(std::make_shared<std::atomic<UnixNs>>(1'800'000'000'000'000'000)),
      log(std::make_shared<std::vector<std::string>>()),
      entra(std::make_shared<ScriptedClient>()),
      local(std::make_shared<ScriptedClient>()),
      probe(std::make_shared<ScriptedClient>()) {
  Context::Settings settings;
  settings.log_level = LogLevel::debug;
  settings.clock = [now = now] { return now->load(); };
  settings.on_log = [log = log](const LogRecord& record) { log->emplace_back(record.message); };
  tools.context = std::make_shared<Context>(settings);
  tools.clients = {entra, local, probe};
  tools.retries.min_wait = std::chrono::milliseconds(1);
}

std::string token_answer(const std::string& token, unsigned lifetime, const std::string& more) {
  return R"({"token_type":"Bearer","expires_in":)" + std::to_string(lifetime) +
         R"(,"access_token":")" + token + "\"" + more + "}";
}

AzureIdentitySettings secret_settings() {
  AzureIdentitySettings settings;
  settings.tenant = "11111111-2222-3333-4444-555555555555";
  settings.client_id = "an-application";
  settings.client_secret = secret_of("not-for-messages~&=%");
  return settings;
}

std::string text_of(const SecretBytes& bytes) {
  return std::string(as_text(bytes));
}

SecretBytes secret_of(std::string_view text) {
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

}  // namespace sapdr::test
