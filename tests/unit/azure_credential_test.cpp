// Which identity is used, and what is said if there is none.
#include <map>

#include "identity_support.hpp"
#include "net/azure/endpoint.hpp"

using namespace sapdr::test;

namespace {

using Variables = std::map<std::string, std::string>;

AzureIdentitySettings settings_of(const Variables& variables) {
  return azure_identity_settings([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string name_of(const Variables& variables) {
  const Machine machine;
  return make_azure_credential(machine.tools, settings_of(variables))->name();
}

Variables with(Variables all, const Variables& more) {
  all.insert(more.begin(), more.end());
  return all;
}

const Variables application{{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}};
const Error nobody(Code::network, "no route", Retry::yes);
const std::string imds_answer = R"({"access_token":"t","expires_in":"3600"})";

}  // namespace

TEST_CASE("azure credential: what is configured completely is used, in this order") {
  Variables all = with(application, {{"AZURE_CLIENT_SECRET", "s"},
                                     {"AZURE_CLIENT_CERTIFICATE_PATH", "/p"},
                                     {"AZURE_FEDERATED_TOKEN_FILE", "/f"},
                                     {"IDENTITY_ENDPOINT", "http://localhost/"},
                                     {"IDENTITY_HEADER", "h"}});
  CHECK(name_of(all) == "the client secret of application c in tenant t");
  all.erase("AZURE_CLIENT_SECRET");
  CHECK(name_of(all) == "the client certificate of application c in tenant t");
  all.erase("AZURE_CLIENT_CERTIFICATE_PATH");
  CHECK(name_of(all) == "the federated token file of application c in tenant t");
  all.erase("AZURE_TENANT_ID");
  CHECK(name_of(all) == "the managed identity with client id c");
  all.erase("AZURE_CLIENT_ID");
  CHECK(name_of(all) == "the managed identity of this machine");
  all.erase("IDENTITY_HEADER");
  CHECK(name_of(all) == "the identity of this machine");
}

TEST_CASE("azure credential: the failure of what is configured is told, nothing else is tried") {
  Machine machine;
  machine.entra->answer(401, R"({"error_description":"AADSTS7000215: wrong"})");
  const auto credential = make_azure_credential(machine.tools, secret_settings());
  CHECK(code_of([&] { credential->token(storage_scope); }) == Code::auth);
  CHECK(machine.probe->sent.empty());
  CHECK(machine.local->sent.empty());
}

TEST_CASE("azure credential: IMDS is found by a probe, then asked") {
  Machine machine;
  machine.probe->answer(400, "");
  machine.local->answer(200, imds_answer);
  const auto credential = make_azure_credential(machine.tools, settings_of({}));
  CHECK(credential->token(storage_scope).secret == "t");
  CHECK(machine.probe->sent[0].headers.find("Metadata") == nullptr);
  CHECK(credential->name() == "the managed identity of this machine");
  // Known from then on.
  machine.local->answer(200, imds_answer);
  CHECK(credential->token("https://vault.azure.net/.default").secret == "t");
  CHECK(machine.probe->sent.size() == 1);
}

TEST_CASE("azure credential: if there is none, all that was looked for is told") {
  Machine machine;
  machine.probe->fail(nobody);
  const auto credential = make_azure_credential(
      machine.tools, settings_of({{"AZURE_CLIENT_SECRET", "s"}, {"PATH", "/nowhere"}}));
  const Error error = error_of([&] { credential->token(storage_scope); });
  CHECK(error.code() == Code::auth);
  CHECK(
      error.message() ==
      "no Azure credential was found (client secret: AZURE_TENANT_ID, AZURE_CLIENT_ID are not set; "
      "client certificate: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH are not "
      "set; workload identity: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE are "
      "not "
      "set; managed identity: nobody answers at http://169.254.169.254; az: the command is not "
      "installed, or not in PATH)");
  // A secret that belongs to nothing is told as well.
  REQUIRE(!machine.log->empty());
  CHECK(machine.log->front().find("not complete") != std::string::npos);
}

TEST_CASE("azure credential: other clouds' services at that address are none") {
  Machine machine;
  machine.probe->answer(401, "");
  const auto credential = make_azure_credential(machine.tools, settings_of({}));
  CHECK(error_of([&] { credential->token(storage_scope); }).message().find("is not Azure's") !=
        std::string::npos);
  CHECK(machine.local->sent.empty());
  machine.probe->answer(404, "");
  for (int i = 0; i < 5; ++i) machine.local->answer(404, "");
  CHECK(error_of([&] { credential->token(storage_scope); })
            .message()
            .find("knows nothing of identities; az: ") != std::string::npos);
}

TEST_CASE("azure credential: a machine without an identity may have az, one with several has not") {
  Machine machine;
  machine.probe->answer(400, "");
  machine.local->answer(400, R"({"error_description":"Identity not found"})");
  const auto none = make_azure_credential(machine.tools, settings_of({}));
  CHECK(error_of([&] { none->token(storage_scope); }).message().find("az: the command") !=
        std::string::npos);
  machine.probe->answer(400, "");
  machine.local->answer(
      400, R"({"error_description":"Multiple user assigned identities exist, please"})");
  const auto several = make_azure_credential(machine.tools, settings_of({}));
  CHECK(error_of([&] { several->token(storage_scope); }).message().find("by its client id") !=
        std::string::npos);
}

TEST_CASE("azure credential: AZURE_TOKEN_CREDENTIALS chooses") {
  const Variables all = with(application, {{"AZURE_CLIENT_SECRET", "s"}});
  const auto chosen = [&](const char* kind) {
    return name_of(with(all, {{"AZURE_TOKEN_CREDENTIALS", kind}}));
  };
  CHECK(chosen("ManagedIdentityCredential") == "the managed identity with client id c");
  CHECK(chosen("azureclicredential") == "whoever is logged in with the az command");
  CHECK(chosen("dev") == "whoever is logged in with the az command");
  CHECK(chosen("EnvironmentCredential") == "the client secret of application c in tenant t");
  CHECK(code_of([&] { chosen("WorkloadIdentityCredential"); }) == Code::invalid_argument);
  CHECK(code_of([&] { chosen("Magic"); }) == Code::invalid_argument);
  Machine machine;
  machine.probe->fail(nobody);
  const auto prod =
      make_azure_credential(machine.tools, settings_of({{"AZURE_TOKEN_CREDENTIALS", "prod"}}));
  CHECK(error_of([&] { prod->token(storage_scope); }).message().find("az:") == std::string::npos);
}

TEST_CASE("azure endpoint: authorities are https, whatever is written") {
  CHECK(entra_token_endpoint("", "t").shown() ==
        "https://login.microsoftonline.com/t/oauth2/v2.0/token");
  CHECK(entra_token_endpoint("login.microsoftonline.us", "t").shown() ==
        "https://login.microsoftonline.us/t/oauth2/v2.0/token");
  CHECK(entra_token_endpoint("https://login.partner.microsoftonline.cn//", "a.example").shown() ==
        "https://login.partner.microsoftonline.cn/a.example/oauth2/v2.0/token");
  for (const char* host :
       {"http://login.microsoftonline.com", "http://127.0.0.1:1", "http://localhost", "ftp://x",
        "https://user:secret@x", "https://x/?y"}) {
    CAPTURE(host);
    const Error error = error_of([&] { entra_token_endpoint(host, "t"); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK(error.message().find("secret@") == std::string::npos);
  }
  for (const char* tenant : {"", "a/b", "a?b", "..%2f", "-x", "a b"}) {
    CAPTURE(tenant);
    CHECK(code_of([&] { entra_token_endpoint("", tenant); }) == Code::invalid_argument);
  }
}

TEST_CASE("azure credential: files that are missing or too large are told, as refusals") {
  Machine machine;
  const auto file = make_azure_credential(
      machine.tools,
      settings_of(with(application, {{"AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token"}})));
  const Error missing = error_of([&] { file->token(storage_scope); });
  CHECK(missing.code() == Code::auth);
  CHECK(missing.message() ==
        "could not open the federated token file /nowhere/token: No such file or directory");
  const auto zero = make_azure_credential(
      machine.tools, settings_of(with(application, {{"AZURE_FEDERATED_TOKEN_FILE", "/dev/zero"}})));
  CHECK(code_of([&] { zero->token(storage_scope); }) == Code::invalid_argument);
  const auto certificate = make_azure_credential(
      machine.tools,
      settings_of(with(application, {{"AZURE_CLIENT_CERTIFICATE_PATH", "/etc/passwd"}})));
  CHECK(error_of([&] { certificate->token(storage_scope); }).message() ==
        "the client certificate /etc/passwd is neither PEM nor PKCS#12");
  CHECK(machine.entra->sent.empty());
}
