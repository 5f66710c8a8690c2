#include <doctest/doctest.h>

#include <string>

#include "storage/azure_blob/blob_list.hpp"
#include "storage/azure_blob/failure.hpp"
#include "storage/azure_blob/http_date.hpp"
#include "storage/azure_blob/replication.hpp"
#include "support/errors.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

const char* const now_text = "2026-11-27T03:47:19Z";
constexpr std::string_view key64 = "c2VjcmV0";

HttpResponse answer(unsigned status, const char* error_code = nullptr) {
  HttpResponse response;
  response.status = status;
  if (error_code != nullptr) response.headers.set("x-ms-error-code", error_code);
  return response;
}

Error failure(const HttpResponse& response,
              const BlobCredentialPtr& by = shared_key_credential("acct", as_bytes(key64))) {
  return blob_failure(
      response, {"store pack 0123", "azure:backups:/p", "backups", parse_time(now_text)}, *by);
}

bool tells(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

Bytes body(std::string_view text) {
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

}  // namespace

TEST_CASE("azure: dates of headers") {
  const UnixNs time = parse_time(now_text);
  CHECK(format_http_date(time) == "Fri, 27 Nov 2026 03:47:19 GMT");
  CHECK(parse_http_date("Fri, 27 Nov 2026 03:47:19 GMT") == time);
  CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
  CHECK(parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT") == parse_time("2024-02-29T23:59:59Z"));
  for (const char* wrong : {"", "Fri, 27 Nov 2026 03:47:19 UTC", "Fri, 27 Nov 2026 03:47:19",
                            "27 Nov 2026 03:47:19 GMT", "Fri, 27 Foo 2026 03:47:19 GMT",
                            "Fri, 27 Nov 2026 24:47:19 GMT", "Fri, -7 Nov 2026 03:47:19 GMT",
                            "Fri, 27 Nov 2026 03-47-19 GMT", "Fri, 27 Nov 9999 03:47:19 GMT"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_http_date(wrong).has_value());
  }
}

TEST_CASE("azure: a page of a list") {
  const BlobPage page = parse_blob_page(as_bytes(
      "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>"
      "<EnumerationResults ServiceEndpoint=\"https://a/\" ContainerName=\"c\"><Prefix>p/</Prefix>"
      "<MaxResults>5000</MaxResults><Blobs>"
      "<Blob><Name>p/keys/a&amp;b</Name><Properties><Creation-Time>x</Creation-Time>"
      "<Last-Modified>Fri, 27 Nov 2026 03:47:19 GMT</Last-Modified>"
      "<Content-Length>12345678901</Content-Length></Properties></Blob>"
      "<Blob><Name Encoded=\"true\">p/%EF%BF%BEx</Name><Properties>"
      "<Content-Length>0</Content-Length></Properties></Blob>"
      "</Blobs><NextMarker>2!76!x</NextMarker></EnumerationResults>"));
  REQUIRE(page.blobs.size() == 2);
  CHECK(page.blobs[0].name == "p/keys/a&b");
  CHECK(page.blobs[0].size == 12345678901);
  CHECK(page.blobs[0].modified == parse_time(now_text));
  CHECK(page.blobs[1].name == "p/\xef\xbf\xbex");
  CHECK(page.blobs[1].modified == 0);
  CHECK(page.next == "2!76!x");
  const BlobPage last =
      parse_blob_page(as_bytes("<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>"));
  CHECK(last.blobs.empty());
  CHECK(last.next.empty());
}

TEST_CASE("azure: a list tells what cannot be read at once") {
  const auto warmth = [](const std::string& properties) {
    return parse_blob_page(as_bytes("<EnumerationResults><Blobs><Blob><Name>a</Name><Properties>"
                                    "<Content-Length>1</Content-Length>" +
                                    properties +
                                    "</Properties></Blob></Blobs></EnumerationResults>"))
        .blobs.front()
        .warmth;
  };
  const std::string archived = "<AccessTier>Archive</AccessTier>";
  CHECK(warmth("") == Warmth::ready);
  CHECK(warmth("<AccessTier>Cold</AccessTier>") == Warmth::ready);
  CHECK(warmth(archived) == Warmth::cold);
  CHECK(warmth(archived + "<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>") ==
        Warmth::waking);
}

TEST_CASE("azure: what is no page of a list comes from somebody else, and may pass") {
  const auto page = [](const char* inside) {
    return std::string("<EnumerationResults><Blobs>") + inside + "</Blobs></EnumerationResults>";
  };
  for (const std::string& text :
       {std::string(), std::string("<html><body>Login</body></html>"), std::string("{}"),
        std::string("<EnumerationResults><Blobs>"), page("<Blob/>"),
        page("<Blob><Name>a</Name></Blob>"),
        page("<Blob><Name>a</Name><Properties><Content-Length>-1</Content-Length></Properties>"
             "</Blob>"),
        page("<Blob><Name>a</Name><Properties><Content-Length>99999999999999999999"
             "</Content-Length></Properties></Blob>"),
        page("<Blob><Name Encoded=\"true\">%zz</Name><Properties><Content-Length>1"
             "</Content-Length></Properties></Blob>")}) {
    CAPTURE(text);
    const Error error = error_of([&] { parse_blob_page(as_bytes(text)); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::maybe);
  }
}

TEST_CASE("azure: entities of a document type are not expanded") {
  CHECK(parse_error_code(as_bytes(
            "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><Error><Code>&a;</Code></Error>")) != "aaaa");
}

TEST_CASE("azure: what failures mean") {
  struct Case {
    unsigned status;
    const char* name;
    Code code;
    Retry retry;
    const char* text;
  };
  for (const Case& each : std::initializer_list<Case>{
           {404, "BlobNotFound", Code::not_found, Retry::never, "not there"},
           {404, "ContainerNotFound", Code::not_found, Retry::never, "the container backups"},
           {404, "SomethingNew", Code::not_found, Retry::never, "[404 SomethingNew]"},
           {404, nullptr, Code::network, Retry::never, "no answer of Blob Storage"},
           {409, nullptr, Code::network, Retry::never, "no answer of Blob Storage"},
           {409, "BlobAlreadyExists", Code::exists, Retry::never, "already"},
           {412, "ConditionNotMet", Code::exists, Retry::never, "already"},
           {412, nullptr, Code::network, Retry::never, "no answer of Blob Storage"},
           {412, "LeaseIdMissing", Code::permission, Retry::never, "lease"},
           {409, "BlobArchived", Code::invalid_state, Retry::never, "rehydrate"},
           {409, "BlobImmutableDueToPolicy", Code::permission, Retry::never, "immutability"},
           {409, "ContainerBeingDeleted", Code::network, Retry::yes, "being deleted"},
           {400, "Crc64Mismatch", Code::network, Retry::yes, "not what was sent"},
           {400, "InvalidHeaderValue", Code::invalid_argument, Retry::never, "InvalidHeaderValue"},
           {401, nullptr, Code::auth, Retry::never, "who we are"},
           {403, "AuthorizationPermissionMismatch", Code::permission, Retry::never, "not allow"},
           {403, "AuthorizationFailure", Code::permission, Retry::never, "firewall"},
           {416, "InvalidRange", Code::corrupt, Retry::never, "shorter"},
           {429, nullptr, Code::network, Retry::yes, "busy"},
           {500, "OperationTimedOut", Code::timeout, Retry::yes, "in time"},
           {500, nullptr, Code::network, Retry::yes, "busy"},
           {501, nullptr, Code::unsupported, Retry::never, "cannot"},
           {503, "ServerBusy", Code::network, Retry::yes, "busy"},
           {504, nullptr, Code::network, Retry::yes, "busy"},
           {302, nullptr, Code::network, Retry::never, "no answer of Blob Storage"}}) {
    CAPTURE(each.status);
    CAPTURE(each.text);
    const Error error = failure(answer(each.status, each.name));
    CHECK(error.code() == each.code);
    CHECK(error.retry() == each.retry);
    CHECK(tells(error, each.text));
    CHECK(tells(error, "could not store pack 0123 in azure:backups:/p: "));
    CHECK(*error.detail("http_status") == std::to_string(each.status));
  }
}

TEST_CASE("azure: the body names an error when no header does") {
  HttpResponse response = answer(409);
  response.body = body("<?xml version=\"1.0\"?><Error><Code>BlobArchived</Code></Error>");
  CHECK(failure(response).code() == Code::invalid_state);
  response.body = body("<Error><Code>\x1b[31m<b>x</b></Code>");
  CHECK(error_code_of(response).find('\x1b') == std::string::npos);
}

TEST_CASE("azure: details say what support asks for, and how long to wait") {
  HttpResponse response = answer(503, "ServerBusy");
  response.headers.set("x-ms-request-id", "abc-123");
  CHECK(*failure(response).detail("request_id") == "abc-123");
  CHECK(*failure(response).detail("error_code") == "ServerBusy");
  CHECK(failure(response).detail("retry_after") == nullptr);
  const auto pause = [&](const char* header) {
    response.headers.set("Retry-After", header);
    const Error error = failure(response);
    const std::string* detail = error.detail("retry_after");
    return detail == nullptr ? "none" : *detail;
  };
  CHECK(pause("7") == "7");
  CHECK(pause("Fri, 27 Nov 2026 03:47:49 GMT") == "31");
  CHECK(pause("Fri, 27 Nov 2026 03:47:00 GMT") == "none");
  CHECK(pause("soon") == "none");
  CHECK(pause("-1") == "none");
  CHECK(pause("18446744073709551615") == "1048576");
}

TEST_CASE("azure: that a request was sent twice is told") {
  HttpResponse response = answer(409, "BlobAlreadyExists");
  CHECK(failure(response).detail("repeated") == nullptr);
  response.repeated = true;
  CHECK(failure(response).detail("repeated") != nullptr);
}

TEST_CASE("azure: a refusal tells of a wrong clock, of the key, and of the SAS") {
  HttpResponse response = answer(403, "AuthenticationFailed");
  CHECK(failure(response).code() == Code::auth);
  CHECK(tells(failure(response), "the key of the account acct"));
  response.headers.set("Date", "Fri, 27 Nov 2026 03:17:19 GMT");
  CHECK(tells(failure(response), "1800 s ahead of that of the service"));
  response.headers.set("Date", "Fri, 27 Nov 2026 03:49:19 GMT");
  CHECK(tells(failure(response), "120 s behind"));
  response.headers.set("Date", "Fri, 27 Nov 2026 03:47:29 GMT");
  CHECK_FALSE(tells(failure(response), "clock"));
  const auto by_sas = [&](const char* sas) {
    return failure(response, sas_credential(as_bytes(sas)));
  };
  CHECK(tells(by_sas("sp=r&se=2026-11-27T03:00:00Z&sig=secret"), "expired"));
  CHECK_FALSE(tells(by_sas("sp=r&se=2026-11-27T03:00:00Z&sig=secret"), "secret"));
  response = answer(403, "AuthorizationPermissionMismatch");
  CHECK(tells(by_sas("sp=rl&se=2026-12-27T03:00:00Z&sig=secret"), "permissions \"rl\""));
}

TEST_CASE("azure: how old the second copy is") {
  const auto age = [](const char* geo) {
    return parse_last_sync(as_bytes("<?xml version=\"1.0\"?><StorageServiceStats>" +
                                    std::string(geo) + "</StorageServiceStats>"));
  };
  CHECK(age("<GeoReplication><Status>live</Status><LastSyncTime>Fri, 14 Nov 2025 14:30:00 GMT"
            "</LastSyncTime></GeoReplication>") == 1'763'130'600'000'000'000);
  CHECK_FALSE(
      age("<GeoReplication><Status>bootstrap</Status><LastSyncTime></LastSyncTime>"
          "</GeoReplication>"));
  CHECK(code_of([&] { age(""); }) == Code::network);
  CHECK(code_of([] { parse_last_sync(as_bytes("no XML")); }) == Code::network);
}
