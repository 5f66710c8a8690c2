#include <doctest/doctest.h>

#include <map>
#include <string>

#include "storage/azure_blob/connection_string.hpp"
#include "storage/azure_blob/place.hpp"
#include "support/errors.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

using Variables = std::map<std::string, std::string>;

constexpr const char* key = "c2VjcmV0IGtleQ==";
constexpr const char* sas = "sp=rwl&sig=secretsas";

SecretBytes secret(std::string_view text) {
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

ContainerPlace found(const char* location, const Variables& variables = {},
                     const AzureBlobOptions& options = {}) {
  return find_place(location, options, [&](const char* name) -> const char* {
    const auto at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
  });
}

std::string url(const ContainerPlace& place, std::string_view path = "config") {
  return place.url_of(path).shown();
}

// Who a place says that we are; "Entra ID" if nothing does.
std::string proof(const ContainerPlace& place) {
  return place.credential ? place.credential->name() : "Entra ID";
}

void refuses(const char* location, const char* tells, const Variables& variables = {},
             const AzureBlobOptions& options = {}) {
  const Error error = error_of([&] { found(location, variables, options); });
  CAPTURE(location);
  CAPTURE(error.message());
  CHECK(error.code() == Code::invalid_argument);
  CHECK(error.message().find(tells) != std::string::npos);
  CHECK(error.message().find("secret") == std::string::npos);
}

}  // namespace

TEST_CASE("azure: locations as restic has them") {
  const Variables account{{"AZURE_ACCOUNT_NAME", "acct"}};
  const ContainerPlace place = found("azure:backups:/mongo//a b/", account);
  CHECK(place.shown == "azure:backups:/mongo/a b");
  CHECK(place.account == "acct");
  CHECK(place.container == "backups");
  CHECK(place.prefix == "mongo/a b");
  CHECK(url(place) == "https://acct.blob.core.windows.net/backups/mongo/a%20b/config");
  CHECK(url(place, "") == "https://acct.blob.core.windows.net/backups");
  for (const char* root : {"azure:backups:/", "azure:backups:", "azure:backups"}) {
    CHECK(url(found(root, account)) == "https://acct.blob.core.windows.net/backups/config");
  }
  CHECK(url(found("azure:backups:p", account)) ==
        "https://acct.blob.core.windows.net/backups/p/config");
  CHECK(url(found("azure:backups:/../../x", account)) ==
        "https://acct.blob.core.windows.net/backups/x/config");
  CHECK(url(found("azure:backups:/", {{"AZURE_STORAGE_ACCOUNT", "acct"},
                                      {"AZURE_ENDPOINT_SUFFIX", "core.usgovcloudapi.net"}})) ==
        "https://acct.blob.core.usgovcloudapi.net/backups/config");
  refuses("azure:backups:/", "which storage account");
  refuses("azure:Backups:/", "no name of a container", account);
  refuses("azure:a--b:/", "no name of a container", account);
  refuses("azure::/x", "no name of a container", account);
  refuses("azure:backups/x", "no name of a container", account);
  refuses("azure:backups:/", "no name of a storage account",
          {{"AZURE_ACCOUNT_NAME", "evil.example/"}});
}

TEST_CASE("azure: full URLs, with the account in the host or, at emulators, in the path") {
  const ContainerPlace real = found("https://acct.blob.core.windows.net/backups/mongo/");
  CHECK(real.shown == "https://acct.blob.core.windows.net/backups/mongo");
  CHECK(real.account == "acct");
  CHECK(url(real) == "https://acct.blob.core.windows.net/backups/mongo/config");
  const ContainerPlace emulator = found("http://127.0.0.1:10000/devstoreaccount1/backups/a%20b/c");
  CHECK(emulator.account == "devstoreaccount1");
  CHECK(emulator.container == "backups");
  CHECK(emulator.prefix == "a b/c");
  CHECK(url(emulator) == "http://127.0.0.1:10000/devstoreaccount1/backups/a%20b/c/config");
  CHECK(found("https://localhost:1/acct/backups").account == "acct");
  CHECK(found("https://[::1]:1/acct/backups").container == "backups");
  const Variables named{{"AZURE_STORAGE_ACCOUNT", "acct"}};
  CHECK(found("https://azurite.svc:10000/acct/backups/x", named).container == "backups");
  CHECK(found("https://acct.blob.core.windows.net/acct/x", named).container == "acct");
  AzureBlobOptions options;
  options.account = "acct";
  CHECK(found("https://backup.example.com/backups", {}, options).account == "acct");
  refuses("http://acct.blob.core.windows.net/backups", "no TLS");
  refuses("http://127.evil.example/acct/backups", "no TLS");
  refuses("https://acct.blob.core.windows.net", "no name of a container");
  refuses("https://127.0.0.1:1/acct", "no name of a container");
  refuses("https://acct.blob.core.windows.net/backups?secret=1", "no signature");
}

TEST_CASE("azure: a SAS in a URL is used and never shown") {
  const ContainerPlace place =
      found("https://acct.blob.core.windows.net/backups/x?sp=r&sig=secret");
  CHECK(proof(place) == "the SAS");
  CHECK(place.shown == "https://acct.blob.core.windows.net/backups/x");
  CHECK(place.url_of("config").query.empty());
}

TEST_CASE("azure: what proves who we are, in its order") {
  const char* location = "https://acct.blob.core.windows.net/backups";
  const char* with_sas = "https://acct.blob.core.windows.net/backups?sp=r&sig=secret";
  const Variables all{
      {"AZURE_ACCOUNT_NAME", "acct"},
      {"AZURE_ACCOUNT_KEY", key},
      {"AZURE_ACCOUNT_SAS", sas},
      {"AZURE_STORAGE_CONNECTION_STRING", std::string("AccountName=acct;AccountKey=") + key}};
  const auto without = [](Variables from, std::initializer_list<const char*> names) {
    for (const char* name : names) from.erase(name);
    return from;
  };
  CHECK(proof(found(location)) == "Entra ID");
  CHECK(proof(found(location, all)) == "the key of the account acct");
  CHECK(proof(found(with_sas, all)) == "the SAS");
  CHECK(proof(found(location, without(all, {"AZURE_ACCOUNT_KEY"}))) == "the SAS");
  CHECK(proof(found(location, without(all, {"AZURE_ACCOUNT_KEY", "AZURE_ACCOUNT_SAS"}))) ==
        "the key of the account acct");
  CHECK(proof(found(location, {{"AZURE_STORAGE_KEY", key}})) == "the key of the account acct");
  CHECK(proof(found(location, {{"AZURE_STORAGE_SAS_TOKEN", sas}})) == "the SAS");
  AzureBlobOptions options;
  options.sas = secret(sas);
  CHECK(proof(found(with_sas, all, options)) == "the SAS");
  options.account_key = secret(key);
  refuses(location, "give one", {}, options);
  options.sas.clear();
  CHECK(proof(found(with_sas, all, options)) == "the key of the account acct");
}

TEST_CASE("azure: secrets of one account are not used for another") {
  const char* other = "https://other.blob.core.windows.net/backups";
  CHECK(proof(found(other, {{"AZURE_ACCOUNT_NAME", "acct"}, {"AZURE_ACCOUNT_KEY", key}})) ==
        "Entra ID");
  const std::string connection = std::string("AccountName=acct;AccountKey=") + key;
  CHECK(proof(found(other, {{"AZURE_STORAGE_CONNECTION_STRING", connection}})) == "Entra ID");
  AzureBlobOptions options;
  options.connection_string = secret(connection);
  refuses(other, "of the storage account acct, not other", {}, options);
}

TEST_CASE("azure: connection strings give account, endpoint and secret") {
  const auto by = [](const char* connection, Variables others = {}) {
    others["AZURE_STORAGE_CONNECTION_STRING"] = connection;
    return found("azure:backups:/p", others);
  };
  const ContainerPlace plain =
      by("DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=c2VjcmV0;"
         "EndpointSuffix=core.chinacloudapi.cn");
  CHECK(url(plain) == "https://acct.blob.core.chinacloudapi.cn/backups/p/config");
  CHECK(proof(plain) == "the key of the account acct");
  const ContainerPlace shared =
      by("BlobEndpoint=https://acct.blob.core.windows.net/;QueueEndpoint=https://q/;"
         "SharedAccessSignature=sv=2023-11-03&sp=rl&sig=abc%3D;");
  CHECK(shared.account == "acct");
  CHECK(proof(shared) == "the SAS");
  CHECK(url(shared) == "https://acct.blob.core.windows.net/backups/p/config");
  const ContainerPlace emulator = by("UseDevelopmentStorage=true");
  CHECK(url(emulator) == "http://127.0.0.1:10000/devstoreaccount1/backups/p/config");
  CHECK(proof(emulator) == "the key of the account devstoreaccount1");
  // Restic's variable names another account: the connection string has no say.
  CHECK(url(by("AccountName=acct;AccountKey=c2VjcmV0", {{"AZURE_ACCOUNT_NAME", "other"}})) ==
        "https://other.blob.core.windows.net/backups/p/config");
  for (const char* wrong : {"secret", "AccountKey=secret", "AccountName=acct;secret"}) {
    refuses("azure:backups:/", "the connection string",
            {{"AZURE_STORAGE_CONNECTION_STRING", wrong}});
  }
  refuses("azure:backups:/", "no TLS",
          {{"AZURE_STORAGE_CONNECTION_STRING",
            "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=c2VjcmV0"}});
}

TEST_CASE("azure: the second copy is where the account has another name") {
  const auto second = [](const char* location) {
    const auto place = secondary_of(found(location));
    if (place) CHECK(place->is_secondary);
    return place ? url(*place) : "none";
  };
  CHECK(second("https://acct.blob.core.windows.net/backups/p") ==
        "https://acct-secondary.blob.core.windows.net/backups/p/config");
  CHECK(second("http://127.0.0.1:10000/acct/backups") ==
        "http://127.0.0.1:10000/acct-secondary/backups/config");
  AzureBlobOptions options;
  options.account = "acct";
  CHECK_FALSE(secondary_of(found("https://backups.example.com/backups", {}, options)));
  const ContainerPlace place = *secondary_of(found("https://acct.blob.core.windows.net/backups"));
  CHECK(place.shown == "https://acct.blob.core.windows.net/backups (second copy)");
  CHECK(place.account == "acct");
}
