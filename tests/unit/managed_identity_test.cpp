#include "identity_support.hpp"

using namespace sapdr::test;

namespace {

AzureIdentitySettings only_managed() {
  AzureIdentitySettings settings;
  settings.kind = AzureCredentialKind::managed_identity;
  return settings;
}

std::string ask(const Machine& machine, const AzureIdentitySettings& settings) {
  return make_azure_credential(machine.tools, settings)->token(storage_scope).secret;
}

std::string imds_error(const std::string& description) {
  return R"({"error":"invalid_request","error_description":")" + description + "\"}";
}

const std::string imds_answer = R"({"access_token":"t","expires_in":"86399","expires_on":"1",
                                    "resource":"https://storage.azure.com","token_type":"Bearer"})";

}  // namespace

TEST_CASE("managed identity: IMDS is asked as it documents") {
  Machine machine;
  AzureIdentitySettings settings = only_managed();
  machine.local->answer(200, imds_answer);
  CHECK(ask(machine, settings) == "t");
  const auto& sent = machine.local->sent[0];
  CHECK(sent.method == "GET");
  CHECK(sent.url.origin() == "http://169.254.169.254");
  CHECK(sent.url.target() ==
        "/metadata/identity/oauth2/token?api-version=2018-02-01&"
        "resource=https%3A%2F%2Fstorage.azure.com");
  CHECK(*sent.headers.find("Metadata") == "true");
  CHECK(machine.entra->sent.empty());
  CHECK(machine.probe->sent.empty());
}

TEST_CASE("managed identity: one among several is named") {
  const auto asked_for = [](const AzureIdentitySettings& settings) {
    Machine machine;
    machine.local->answer(200, imds_answer);
    ask(machine, settings);
    const std::string query = machine.local->sent[0].url.query;
    return query.substr(query.find("storage.azure.com") + 17);
  };
  AzureIdentitySettings settings = only_managed();
  settings.client_id = "c";
  CHECK(asked_for(settings) == "&client_id=c");
  settings.identity_resource_id = "/r";
  CHECK(asked_for(settings) == "&msi_res_id=%2Fr");
  settings.identity_resource_id.clear();
  settings.identity_object_id = "o";
  CHECK(asked_for(settings) == "&object_id=o");
  settings.identity_resource_id = "/r";
  CHECK(code_of([&] { asked_for(settings); }) == Code::invalid_argument);
}

TEST_CASE("managed identity: several without a name say what to do") {
  Machine machine;
  machine.local->answer(400,
                        imds_error("Multiple user assigned identities exist, please specify the "
                                   "clientId / resourceId of the identity"));
  const Error error = error_of([&] { ask(machine, only_managed()); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message().find("AZURE_CLIENT_ID") != std::string::npos);
}

TEST_CASE("managed identity: one that is not assigned is told by its name") {
  Machine machine;
  AzureIdentitySettings settings = only_managed();
  settings.client_id = "nobody";
  machine.local->answer(400, imds_error("Identity not found"));
  const Error error = error_of([&] { ask(machine, settings); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message().find("client id nobody is not assigned") != std::string::npos);
}

TEST_CASE("managed identity: IMDS that is being updated is waited for") {
  Machine machine;
  for (const unsigned status : {404U, 410U, 429U, 500U}) machine.local->answer(status, "");
  machine.local->answer(200, imds_answer);
  CHECK(ask(machine, only_managed()) == "t");
  CHECK(machine.local->sent.size() == 5);
}

TEST_CASE("managed identity: App Service is asked as it documents") {
  Machine machine;
  AzureIdentitySettings settings = only_managed();
  settings.identity_endpoint = "http://localhost:42/msi/token";
  settings.identity_header = secret_of("header");
  settings.identity_resource_id = "r";
  machine.local->answer(200, R"({"access_token":"t","expires_on":"1900000000"})");
  CHECK(ask(machine, settings) == "t");
  const auto& sent = machine.local->sent[0];
  CHECK(sent.url.origin() == "http://localhost:42");
  CHECK(sent.url.target() ==
        "/msi/token?api-version=2019-08-01&"
        "resource=https%3A%2F%2Fstorage.azure.com&mi_res_id=r");
  CHECK(*sent.headers.find("X-IDENTITY-HEADER") == "header");
  machine.local->answer(400, R"({"statusCode":400,"message":"No identity, header"})");
  const Error error = error_of([&] { ask(machine, settings); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message().find("No identity, ***") != std::string::npos);
}

TEST_CASE("managed identity: http goes to local addresses only") {
  AzureIdentitySettings settings = only_managed();
  const auto code_for = [&](const char* host) {
    Machine machine;
    settings.imds_host = host;
    return code_of([&] { make_azure_credential(machine.tools, settings); });
  };
  for (const char* host :
       {"http://169.254.169.254/", "http://127.0.0.1:5", "http://[::1]:5", "http://localhost",
        "http://10.0.0.1", "http://172.31.0.1", "http://192.168.1.1", "http://[fe80::1]",
        "http://[fd00::1]", "https://example.com"}) {
    CAPTURE(host);
    CHECK(code_for(host) == Code::ok);
  }
  for (const char* host :
       {"http://example.com", "http://8.8.8.8", "http://172.32.0.1", "http://[2001:db8::1]",
        "http://localhost.example.com", "169.254.169.254"}) {
    CAPTURE(host);
    CHECK(code_for(host) == Code::invalid_argument);
  }
}
