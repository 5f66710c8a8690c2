#include "net/azure/token_answer.hpp"

#include "identity_support.hpp"
#include "net/azure/secret_text.hpp"

using namespace sapdr::test;

namespace {

constexpr UnixNs second = 1'000'000'000;
constexpr UnixNs asked = 1'800'000'000 * second;

IssuedToken parse(const std::string& text) {
  return parse_token_answer(text, asked, "Entra ID");
}

}  // namespace

TEST_CASE("token answer: lifetimes count from when it was asked, as numbers or texts") {
  const IssuedToken entra = parse(token_answer("abc", 3599, R"(,"refresh_in":1800)"));
  CHECK(entra.token.secret == "abc");
  CHECK(entra.token.expires == asked + 3599 * second);
  CHECK(entra.refresh == asked + 1800 * second);
  // IMDS; its clock is not ours.
  CHECK(parse(R"({"access_token":"a","expires_in":"86399","expires_on":"5"})").token.expires ==
        asked + 86399 * second);
  // App Service
  CHECK(parse(R"({"access_token":"a","expires_on":"1800000777"})").token.expires ==
        1'800'000'777 * second);
  CHECK(parse(R"({"access_token":"a","expires_on":1,"refresh_on":"7"})").refresh == 7 * second);
}

TEST_CASE("token answer: what overflows is cut") {
  const IssuedToken token = parse(R"({"access_token":"a","expires_in":18446744073709551615,
                                      "refresh_on":18446744073709551615})");
  CHECK(token.token.expires > asked);
  CHECK(token.refresh > asked);
}

TEST_CASE("token answer: what is no token is refused and never quoted") {
  const char* const texts[] = {
      "",
      "<html>log in</html>",
      "[]",
      R"({"expires_in":3600})",
      R"({"access_token":"sesame"})",
      R"({"access_token":"","expires_in":3600})",
      R"({"access_token":7,"expires_in":3600})",
      R"({"access_token":"sesame\r\nx: y","expires_in":3600})",
      R"({"access_token":"sesame","expires_in":"soon"})",
      R"({"access_token":"sesame","expires_in":-1})",
      R"({"access_token":"sesame","expires_in":3600,"token_type":"PoP"})",
  };
  for (const char* text : texts) {
    CAPTURE(text);
    const Error error = error_of([&] { parse(text); });
    CHECK(error.code() == Code::corrupt);
    CHECK(error.message().find("sesame") == std::string::npos);
  }
  const std::string long_token(70'000, 'x');
  CHECK(code_of([&] { parse(token_answer(long_token)); }) == Code::corrupt);
}

TEST_CASE("token answer: damage is survived") {
  survive_damage(token_answer("abc", 3599, R"(,"refresh_in":"1800")"), parse);
}

TEST_CASE("token answer: az tells the end, in older versions in local time") {
  const IssuedToken now = parse_cli_answer(
      R"({"accessToken":"a","expiresOn":"garbage","expires_on":1800000000,"tokenType":"Bearer"})",
      "az");
  CHECK(now.token.expires == asked);
  // The tests' zone is an hour ahead of UTC in January.
  const IssuedToken old =
      parse_cli_answer(R"({"accessToken":"a","expiresOn":"2027-01-15 09:00:00.000000"})", "az");
  CHECK(old.token.expires == asked);
  const char* const bad[] = {R"({"accessToken":"a"})", R"({"expires_on":1800000000})",
                             R"({"accessToken":"a","expiresOn":"tomorrow"})",
                             "WARNING: something else"};
  for (const char* text : bad) {
    CAPTURE(text);
    CHECK(code_of([&] { parse_cli_answer(text, "az"); }) == Code::corrupt);
  }
}

TEST_CASE("refusal: one line with its code, ids as details, no secrets") {
  const Refusal refusal = parse_refusal(
      R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret hunter2)"
      R"(hunter2 and eyJhbGciOiJub25lIn0.e30. given.\r\nTrace ID: 1234\r\nTimestamp: now",)"
      R"("error_codes":[7000215],"trace_id":"1234","correlation_id":"5678"})");
  const Error error = refusal_error(refusal, 401, "the secret of x", {"hunter2hunter2"});
  CHECK(error.code() == Code::auth);
  CHECK(error.retry() == Retry::never);
  CHECK(error.message() ==
        "no token for the secret of x: AADSTS7000215: Invalid client secret *** and *** given.");
  CHECK(*error.detail("aadsts") == "AADSTS7000215");
  CHECK(*error.detail("oauth_error") == "invalid_client");
  CHECK(*error.detail("trace_id") == "1234");
  CHECK(*error.detail("correlation_id") == "5678");
}

TEST_CASE("refusal: without words its status is told") {
  for (const char* text : {"", "<html>", "[1]", "{}", R"({"error":[1],"error_description":2})"}) {
    CAPTURE(text);
    CHECK(refusal_error(parse_refusal(text), 403, "x").message() ==
          "no token for x: no reason was given, but status 403");
  }
}

TEST_CASE("quoted: bounded, in one line, cut between characters") {
  CHECK(quoted(" a \n\t b\x01", 10) == "a b");
  CHECK(quoted("aaaa€€", 5) == "aaaa…");
  CHECK(quoted("ab\xff", 5) == "ab?");
  CHECK(quoted("the key is in the key", 100, {"the key"}) == "*** is in ***");
  CHECK(quoted(std::string(1'000'000, 'x'), 8) == "xxxxxxxx…");
}
