#include <doctest/doctest.h>

#include <string>

#include "base/encoding.hpp"
#include "storage/azure_blob/credential.hpp"
#include "storage/azure_blob/shared_key.hpp"
#include "support/errors.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

// The key of emulators, which is published.
constexpr std::string_view key64 =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

HttpRequest request_for(const char* method, const char* url) {
  HttpRequest request;
  request.method = method;
  request.url = Url::parse(url);
  request.headers.set("x-ms-version", "2023-11-03");
  request.headers.set("x-ms-date", "Fri, 27 Nov 2026 03:47:19 GMT");
  request.headers.set("x-ms-client-request-id", "00112233445566778899aabbccddeeff");
  request.headers.set("User-Agent", "is not signed");
  return request;
}

std::string signed_for(const HttpRequest& request, const std::string& account) {
  return shared_key_authorization(request, account, from_base64(key64));
}

const std::string own_headers =
    "x-ms-client-request-id:00112233445566778899aabbccddeeff\n"
    "x-ms-date:Fri, 27 Nov 2026 03:47:19 GMT\n";

}  // namespace

// All signatures here were made by the class SharedKeyCredentialPolicy of
// azure-storage-blob 12.31.1 for Python.
TEST_CASE("azure: an upload is signed as the SDK signs it") {
  HttpRequest request =
      request_for("PUT", "https://myaccount.blob.core.windows.net/backups/a%20b/data/ab/abcd");
  request.headers.set("x-ms-blob-type", "BlockBlob");
  request.headers.set("X-Ms-Access-Tier", " Cool ");
  request.headers.set("x-ms-content-crc64", "iJh5ChaLLq4=");
  request.headers.set("If-None-Match", "*");
  request.headers.set("content-type", "application/octet-stream");
  request.body = as_bytes("123456789");
  CHECK(string_to_sign(request, "myaccount") ==
        "PUT\n\n\n9\n\napplication/octet-stream\n\n\n\n*\n\n\n"
        "x-ms-access-tier:Cool\nx-ms-blob-type:BlockBlob\n"
        "x-ms-client-request-id:00112233445566778899aabbccddeeff\n"
        "x-ms-content-crc64:iJh5ChaLLq4=\nx-ms-date:Fri, 27 Nov 2026 03:47:19 GMT\n"
        "x-ms-version:2023-11-03\n/myaccount/backups/a%20b/data/ab/abcd");
  CHECK(signed_for(request, "myaccount") ==
        "SharedKey myaccount:nNovXErqJ50IwPDxIz8TgppUEPCP0/PBII+WnlZmEpM=");
}

TEST_CASE("azure: a list at an emulator is signed as the SDK signs it, its query sorted, decoded") {
  const HttpRequest request =
      request_for("GET",
                  "http://127.0.0.1:10000/devstoreaccount1/backups?restype=container&comp=list&"
                  "prefix=a%2Fkeys%2F&marker=2%2176%21x");
  CHECK(string_to_sign(request, "devstoreaccount1") ==
        "GET\n\n\n\n\n\n\n\n\n\n\n\n" + own_headers +
            "x-ms-version:2023-11-03\n/devstoreaccount1/devstoreaccount1/backups\ncomp:list\n"
            "marker:2!76!x\nprefix:a/keys/\nrestype:container");
  CHECK(signed_for(request, "devstoreaccount1") ==
        "SharedKey devstoreaccount1:g4VLrc3ZhlFWPAD9F7OhGAOP/rhRdkHpD3GL0trBrHg=");
}

TEST_CASE("azure: requests without a body are signed as the SDK signs them") {
  const HttpRequest head =
      request_for("HEAD", "https://myaccount.blob.core.windows.net/backups/config");
  CHECK(signed_for(head, "myaccount") ==
        "SharedKey myaccount:tWanSPT96M9Ez7YnSNqK6KkQ8Gf8fwD1gzdMEUQjEO0=");
  HttpRequest erase =
      request_for("DELETE", "https://myaccount.blob.core.windows.net/backups/config");
  erase.headers.set("x-ms-delete-snapshots", "include");
  CHECK(signed_for(erase, "myaccount") ==
        "SharedKey myaccount:5izs6w52oBdAacRdq592gPFTlNwL+IiNWT4N6aU+K74=");
}

TEST_CASE("azure: a range has its own line, and values of one name in a query are joined") {
  HttpRequest request = request_for("GET", "https://a.blob.core.windows.net/c/b?X=2&x=1&Y=%20z");
  request.headers.set("Range", "bytes=0-9");
  CHECK(string_to_sign(request, "a") == "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-9\n" + own_headers +
                                            "x-ms-version:2023-11-03\n/a/c/b\nx:1,2\ny: z");
}

TEST_CASE("azure: a key authorises by a header, and what is no key is refused unseen") {
  const BlobCredentialPtr credential = shared_key_credential("myaccount", as_bytes(key64));
  HttpRequest request =
      request_for("HEAD", "https://myaccount.blob.core.windows.net/backups/config");
  credential->authorize(request);
  CHECK(*request.headers.find("authorization") ==
        "SharedKey myaccount:tWanSPT96M9Ez7YnSNqK6KkQ8Gf8fwD1gzdMEUQjEO0=");
  CHECK_FALSE(credential->renew(request));
  for (const char* wrong : {"", "not base64!", "Eby8vdM02xNOcqFlqU"}) {
    const Error error = error_of([&] { shared_key_credential("myaccount", as_bytes(wrong)); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK(error.message().find("myaccount") != std::string::npos);
    if (*wrong != '\0') CHECK(error.message().find(wrong) == std::string::npos);
  }
}

TEST_CASE("azure: a SAS is added to the query, as it is") {
  const BlobCredentialPtr credential =
      sas_credential(as_bytes("?sv=2023-11-03&sp=rwl&se=2026-12-01&sig=a%2Bb%3D"));
  HttpRequest request = request_for("GET", "https://a.blob.core.windows.net/c?comp=list");
  credential->authorize(request);
  CHECK(request.url.query == "comp=list&sv=2023-11-03&sp=rwl&se=2026-12-01&sig=a%2Bb%3D");
  HttpRequest plain = request_for("HEAD", "https://a.blob.core.windows.net/c/config");
  credential->authorize(plain);
  CHECK(plain.url.query == "sv=2023-11-03&sp=rwl&se=2026-12-01&sig=a%2Bb%3D");
  wipe_authorization(plain);
  CHECK(plain.url.query.empty());
  CHECK_FALSE(credential->renew(plain));
}

TEST_CASE("azure: a SAS explains what it allows, and that it is over") {
  const auto explained = [](const char* sas, const char* now) {
    return sas_credential(as_bytes(sas))->explain(parse_time(now));
  };
  const char* before = "2026-11-30T23:59:59Z";
  const char* after = "2026-12-01T00:00:00Z";
  const char* sas = "sp=rwl&se=2026-12-01&sig=secret";
  CHECK(explained(sas, before).find("\"rwl\"") != std::string::npos);
  CHECK(explained(sas, after).find("expired at 2026-12-01") != std::string::npos);
  CHECK(explained("sp=r&se=2026-12-01T00:00:00Z&sig=x", after).find("expired") !=
        std::string::npos);
  CHECK(explained("sp=r&se=tomorrow&sig=x", after).find("\"r\"") != std::string::npos);
  CHECK(explained("si=policy&sig=x", after).empty());
  CHECK(explained(sas, after).find("secret") == std::string::npos);
  CHECK(code_of([] { sas_credential(as_bytes("sp=r&se=2026-12-01")); }) == Code::invalid_argument);
}

TEST_CASE("azure: a token that was refused is given up for a new one, once there is one") {
  struct Tokens final : TokenCredential {
    std::string name() const override { return "the tokens of this test"; }
    AccessToken token(const std::string& scope, const std::string& refused) override {
      CHECK(scope == "https://storage.azure.com/.default");
      if (refused == current && has_new) current = "second";
      return {current, 0};
    }
    std::string current = "first";
    bool has_new = false;
  };
  const auto tokens = std::make_shared<Tokens>();
  const BlobCredentialPtr credential = token_blob_credential(tokens);
  HttpRequest request = request_for("HEAD", "https://a.blob.core.windows.net/c/config");
  credential->authorize(request);
  CHECK(*request.headers.find("Authorization") == "Bearer first");
  CHECK_FALSE(credential->renew(request));
  tokens->has_new = true;
  CHECK(credential->renew(request));
  credential->authorize(request);
  CHECK(*request.headers.find("Authorization") == "Bearer second");
}
