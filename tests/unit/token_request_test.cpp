#include "net/azure/token_request.hpp"

#include <algorithm>
#include <thread>

#include "base/cancel.hpp"
#include "identity_support.hpp"

using namespace sapdr::test;

namespace {

AccessToken ask(const Machine& machine) {
  return make_azure_credential(machine.tools, secret_settings())->token(storage_scope);
}

const Error away(Code::network, "could not connect", Retry::yes);

}  // namespace

TEST_CASE("client secret: the request is what Entra ID documents") {
  Machine machine;
  machine.entra->answer(200, token_answer("t"));
  CHECK(ask(machine).secret == "t");
  REQUIRE(machine.entra->sent.size() == 1);
  const auto& sent = machine.entra->sent[0];
  CHECK(sent.method == "POST");
  CHECK(sent.url.shown() ==
        "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token");
  CHECK(*sent.headers.find("content-type") == "application/x-www-form-urlencoded");
  CHECK(sent.body ==
        "client_secret=not-for-messages~%26%3D%25&client_id=an-application&"
        "grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F.default");
}

TEST_CASE("token request: what passes is waited out") {
  Machine machine;
  machine.entra->answer(429, "");
  machine.entra->answer(503, "<html>");
  machine.entra->fail(away);
  machine.entra->fail(Error(Code::timeout, "slow", Retry::maybe));
  machine.entra->answer(200, token_answer("t"));
  CHECK(ask(machine).secret == "t");
  CHECK(machine.entra->sent.size() == 5);
}

TEST_CASE("token request: in the end it gives up, and says why") {
  Machine machine;
  for (int i = 0; i < 5; ++i) machine.entra->answer(500, "");
  const Error error = error_of([&] { ask(machine); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::maybe);
  CHECK(error.message().find("answered with status 500") != std::string::npos);
  CHECK(machine.entra->sent.size() == 5);
  for (int i = 0; i < 5; ++i) machine.entra->fail(away);
  CHECK(error_of([&] { ask(machine); }).message() == "could not connect");
}

TEST_CASE("token request: what will not pass is not repeated") {
  Machine machine;
  machine.entra->answer(401,
                        R"({"error_description":"AADSTS7000215: wrong not-for-messages~&=%"})");
  const Error error = error_of([&] { ask(machine); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message() ==
        "no token for the client secret of application an-application in tenant "
        "11111111-2222-3333-4444-555555555555: AADSTS7000215: wrong ***");
  machine.entra->fail(Error(Code::network, "the certificate is not trusted"));
  CHECK(error_of([&] { ask(machine); }).message() == "the certificate is not trusted");
  CHECK(machine.entra->sent.size() == 2);
}

TEST_CASE("token request: a page that holds no token may be another one's") {
  Machine machine;
  machine.entra->answer(200, "<html>please log in</html>");
  const Error error = error_of([&] { ask(machine); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::maybe);
}

TEST_CASE("token request: Retry-After is waited for, within bounds") {
  Machine machine;
  machine.entra->answer(429, "", "1");
  machine.entra->answer(200, token_answer("t"));
  const auto start = std::chrono::steady_clock::now();
  CHECK(ask(machine).secret == "t");
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::seconds(1));
  machine.entra->answer(429, "", "86400");
  CHECK(code_of([&] { ask(machine); }) == Code::network);
}

TEST_CASE("token request: a cancel ends the wait") {
  Machine machine;
  machine.entra->answer(429, "", "60");
  Cancel cancel;
  machine.entra->on_send = [&] { cancel.trigger(); };
  const CancelScope scope(&cancel);
  CHECK(code_of([&] { ask(machine); }) == Code::cancelled);
}

TEST_CASE("token request: neither secrets nor tokens are logged") {
  Machine machine;
  machine.entra->answer(429, "");
  machine.entra->answer(200, token_answer("sesame"));
  ask(machine);
  CHECK(machine.log->size() == 2);
  for (const std::string& line : *machine.log) {
    CAPTURE(line);
    CHECK(line.find("sesame") == std::string::npos);
    CHECK(line.find("not-for-messages") == std::string::npos);
  }
}
