// What is said about storage accounts: by the service, and by Azure Resource Manager.
#include "identity_support.hpp"
#include "storage/azure_blob/management.hpp"
#include "storage/azure_blob/management_answers.hpp"
#include "storage/azure_blob/service_properties.hpp"
#include "support/errors.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

const std::string id_of_account =
    "/subscriptions/S-1/resourceGroups/G/providers/Microsoft.Storage/storageAccounts/acct";

class FixedIdentity final : public TokenCredential {
 public:
  std::string name() const override { return "somebody"; }
  AccessToken token(const std::string& scope, const std::string&) override {
    scopes.push_back(scope);
    return {"the-token", 0};
  }
  std::vector<std::string> scopes;
};

struct Manager {
  explicit Manager(const std::string& given_id = {})
      : manager(http, identity,
                find_management({}, "acct.blob.core.windows.net", "acct", given_id)) {}

  std::shared_ptr<ScriptedClient> http = std::make_shared<ScriptedClient>();
  std::shared_ptr<FixedIdentity> identity = std::make_shared<FixedIdentity>();
  AccountManager manager;
};

std::string page(const std::string& id, const std::string& next = {}) {
  return R"({"value":[{"id":")" + id + R"("}],"nextLink":")" + next + "\"}";
}

std::string properties(std::string_view policy) {
  return "<StorageServiceProperties>" + std::string(policy) + "</StorageServiceProperties>";
}

}  // namespace

TEST_CASE("azure management: soft delete by the properties of the service") {
  const auto days = [](const std::string& xml) { return parse_soft_delete_days(as_bytes(xml)); };
  const std::string begin = "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>";
  const std::string end = "</Days></DeleteRetentionPolicy>";
  CHECK(days(properties(begin + "7" + end)) == 7);
  CHECK(days(properties(
            "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>")) == 0);
  CHECK(days(properties("")) == 0);
  for (const std::string& wrong :
       {std::string(), std::string("<html/>"), std::string("<StorageServiceProperties>"),
        properties(begin + end), properties(begin + "0" + end), properties(begin + "366" + end),
        properties(begin + "-1" + end), properties(begin + "99999999999999" + end),
        properties("<DeleteRetentionPolicy/>")}) {
    CAPTURE(wrong);
    CHECK(code_of([&] { days(wrong); }) == Code::network);
  }
}

TEST_CASE("azure management: the blob service and the account") {
  const BlobServiceAnswer told = parse_blob_service(
      R"({"properties":{"isVersioningEnabled":true,"deleteRetentionPolicy":{"enabled":true,"days":9},
          "containerDeleteRetentionPolicy":{"enabled":false,"days":7}}})");
  CHECK(told.has_versions);
  CHECK(told.soft_delete_days == 9);
  CHECK(told.container_soft_delete_days == 0);
  CHECK_FALSE(parse_blob_service(R"({"properties":{}})").has_versions);
  CHECK(parse_account_sku(R"({"sku":{"name":"Standard_ZRS"}})") == "Standard_ZRS");
  for (const char* wrong : {"", "[]", "{}", R"({"properties":[]})", R"({"sku":{}})",
                            R"({"properties":{"isVersioningEnabled":"yes"}})",
                            R"({"properties":{"deleteRetentionPolicy":{"enabled":true}}})"}) {
    CAPTURE(wrong);
    if (std::string_view(wrong) != R"({"sku":{}})") {
      CHECK(code_of([&] { parse_blob_service(wrong); }) == Code::corrupt);
    }
    CHECK(code_of([&] { parse_account_sku(wrong); }) == Code::corrupt);
  }
}

TEST_CASE("azure management: policies that are none are not taken for harmless ones") {
  const auto policy = [](const std::string& rules) {
    return R"({"properties":{"policy":{"rules":)" + rules + "}}}";
  };
  CHECK(parse_lifecycle(policy("[]")).empty());
  const std::string rule = R"({"name":"r","definition":{"actions":{"baseBlob":{"delete":{}}}}})";
  CHECK(parse_lifecycle(policy("[" + rule + "]")).size() == 1);
  std::string many = rule;
  for (int i = 0; i < 1000; ++i) many += "," + rule;
  for (const std::string& wrong :
       {std::string("{}"), std::string(R"({"properties":{}})"), policy("{}"), policy("null"),
        policy("[1]"), policy("[{}]"), policy(R"([{"definition":{}}])"),
        policy(R"([{"definition":{"actions":[]}}])"),
        policy(R"([{"definition":{"filters":{"prefixMatch":[1]},"actions":{}}}])"),
        policy(R"([{"enabled":"no","definition":{"actions":{"baseBlob":{"delete":{}}}}}])"),
        policy("[" + many + "]")}) {
    CAPTURE(wrong.substr(0, 100));
    CHECK(code_of([&] { parse_lifecycle(wrong); }) == Code::corrupt);
  }
}

TEST_CASE("azure management: which cloud, which account") {
  const auto place = [](const std::string& endpoint, const char* host, const std::string& id = {}) {
    return find_management(endpoint, host, "acct", id);
  };
  CHECK(place("", "acct.blob.core.windows.net").endpoint.origin() ==
        "https://management.azure.com");
  CHECK(place("", "acct.blob.core.usgovcloudapi.net").scope ==
        "https://management.usgovcloudapi.net/.default");
  CHECK(place("", "acct.blob.core.chinacloudapi.cn").endpoint.host ==
        "management.chinacloudapi.cn");
  CHECK(place("http://127.0.0.1:99", "x").endpoint.port == 99);
  CHECK(place("", "x", id_of_account).account_id == id_of_account);
  for (const char* wrong :
       {"http://management.azure.com", "https://a/b", "https://a?b", "nonsense"}) {
    CAPTURE(wrong);
    CHECK(code_of([&] { place(wrong, "x"); }) == Code::invalid_argument);
  }
  for (const std::string& wrong :
       {std::string("acct"), id_of_account + "/x", id_of_account + "2",
        std::string(
            "/subscriptions/../resourceGroups/G/providers/Microsoft.Storage/storageAccounts/acct"),
        std::string("/subscriptions/S?a/resourceGroups/G/providers/Microsoft.Storage/"
                    "storageAccounts/acct")}) {
    CAPTURE(wrong);
    CHECK(code_of([&] { place("", "x", wrong); }) == Code::invalid_argument);
  }
}

TEST_CASE("azure management: the account is looked for in what the identity sees") {
  Manager tested;
  tested.http->answer(200, page("/subscriptions/S-1", "https://management.azure.com/next?page=2"));
  tested.http->answer(200, page("/subscriptions/../tenants"));  // is not followed
  tested.http->answer(200, page(id_of_account));
  tested.manager.find_account();
  tested.http->answer(200, "{}");
  CHECK(as_text(tested.manager.get("/blobServices/default")) == "{}");
  const auto& sent = tested.http->sent;
  REQUIRE(sent.size() == 4);
  CHECK(sent[0].url.shown() == "https://management.azure.com/subscriptions");
  CHECK(sent[1].url.target() == "/next?page=2");
  CHECK(sent[2].url.path == "/subscriptions/S-1/resources");
  CHECK(percent_decode(sent[2].url.query).find("name eq 'acct'") != std::string::npos);
  CHECK(sent[3].url.path == id_of_account + "/blobServices/default");
  CHECK(tested.identity->scopes.front() == "https://management.azure.com/.default");
}

TEST_CASE("azure management: a token goes nowhere else") {
  for (const char* elsewhere : {"https://evil.example/next", "http://management.azure.com/next",
                                "https://management.azure.com:444/next"}) {
    CAPTURE(elsewhere);
    Manager tested;
    tested.http->answer(200, page("/subscriptions/S-1", elsewhere));
    CHECK(code_of([&] { tested.manager.find_account(); }) == Code::network);
    CHECK(tested.http->sent.size() == 1);
  }
}

TEST_CASE("azure management: a list without an end") {
  Manager tested;
  for (int i = 0; i < 200; ++i) {
    tested.http->answer(200, page("/subscriptions/S-1", "https://management.azure.com/again"));
  }
  CHECK(code_of([&] { tested.manager.find_account(); }) == Code::unsupported);
  CHECK(tested.http->sent.size() == 100);
}

TEST_CASE("azure management: what is not there, twice there, or may not be seen") {
  Manager nothing;
  nothing.http->answer(200, R"({"value":[]})");
  CHECK(code_of([&] { nothing.manager.find_account(); }) == Code::not_found);
  Manager two;
  two.http->answer(200, page("/subscriptions/S-1"));
  two.http->answer(
      200, R"({"value":[{"id":")" + id_of_account + R"("},{"id":")" + id_of_account + R"("}]})");
  CHECK(code_of([&] { two.manager.find_account(); }) == Code::ambiguous);
  Manager refused(id_of_account);
  refused.manager.find_account();
  CHECK(refused.http->sent.empty());
  refused.http->answer(403, R"({"error":{"code":"AuthorizationFailed\n","message":"secret"}})");
  try {
    refused.manager.get("");
    FAIL("it was refused");
  } catch (const Error& error) {
    CHECK(error.code() == Code::permission);
    CHECK(error.message().find("[403 AuthorizationFailed] (somebody)") != std::string::npos);
    CHECK(error.message().find("the-token") == std::string::npos);
  }
}
