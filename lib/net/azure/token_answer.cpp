#include "net/azure/token_answer.hpp"

#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>
#include <optional>

#include "base/json.hpp"
#include "base/number.hpp"
#include "net/azure/secret_text.hpp"

namespace sapdr::core {

namespace json = boost::json;

namespace {

constexpr UnixNs second = 1'000'000'000;
constexpr size_t max_token = 64 * 1024;  // services take no headers as large
constexpr size_t max_description = 400;
// Longer lives than this, and times later than this, are cut: nothing overflows.
constexpr uint64_t max_seconds = uint64_t{100} * 366 * 24 * 3600;
constexpr uint64_t max_time = uint64_t{7'000'000'000};

// Seconds as a number or as the text of one; nullopt if missing.
std::optional<uint64_t> seconds_of(const JsonReader& reader, std::string_view key) {
  const json::value* value = reader.member(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return reader.number(key);
  const std::optional<uint64_t> number = parse_number<uint64_t>(reader.text(key));
  if (!number) reader.fail(key, "is not a number of seconds");
  return number;
}

UnixNs time_of(uint64_t seconds) {
  return static_cast<UnixNs>(std::min(seconds, max_time)) * second;
}

UnixNs after(UnixNs start, uint64_t seconds) {
  const UnixNs span = static_cast<UnixNs>(std::min(seconds, max_seconds)) * second;
  return start > std::numeric_limits<UnixNs>::max() - span ? start : start + span;
}

// Fit to be the value of a header.
std::string token_of(const JsonReader& reader, std::string_view key) {
  const std::string_view token = reader.required_text(key);
  const bool is_plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (token.empty() || token.size() > max_token || !is_plain) {
    reader.fail(key, "is not a token");
  }
  return std::string(token);
}

// "2026-11-27 05:12:33.000000" in local time: what az prints until version 2.54.
UnixNs local_time_of(const JsonReader& reader, std::string_view key) {
  const std::string text(reader.required_text(key));
  struct tm fields {};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &fields);
  if (rest == nullptr || (*rest != '\0' && *rest != '.')) reader.fail(key, "is not a local time");
  fields.tm_isdst = -1;
  const time_t time = ::mktime(&fields);
  if (time <= 0) reader.fail(key, "is not a time of our days");
  return time_of(static_cast<uint64_t>(time));
}

// "AADSTS7000215: Invalid client secret …" → "AADSTS7000215"
std::string code_of(std::string_view description) {
  constexpr std::string_view prefix = "AADSTS";
  const size_t at = description.find(prefix);
  if (at == std::string_view::npos) return {};
  const std::string_view from = description.substr(at);
  const size_t end = from.find_first_not_of("0123456789", prefix.size());
  const std::string_view code = from.substr(0, end);
  return code.size() > prefix.size() && code.size() < 24 ? std::string(code) : std::string();
}

// A text member, whatever the others are.
std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

}  // namespace

IssuedToken parse_token_answer(std::string_view text, UnixNs asked, std::string_view who) {
  const std::string what = "the answer of " + std::string(who);
  const json::value value = parse_secret_json(text, what);
  const JsonReader reader(value, what);
  const std::string type(reader.text("token_type", "Bearer"));
  if (::strcasecmp(type.c_str(), "Bearer") != 0) reader.fail("token_type", "is not \"Bearer\"");
  IssuedToken issued;
  const std::optional<uint64_t> lifetime = seconds_of(reader, "expires_in");
  const std::optional<uint64_t> end = seconds_of(reader, "expires_on");
  if (!lifetime && !end) reader.fail("expires_in", "is missing");
  issued.token = AccessToken(token_of(reader, "access_token"),
                             lifetime ? after(asked, *lifetime) : time_of(*end));
  if (const auto on = seconds_of(reader, "refresh_on")) issued.refresh = time_of(*on);
  if (const auto in = seconds_of(reader, "refresh_in")) issued.refresh = after(asked, *in);
  return issued;
}

IssuedToken parse_cli_answer(std::string_view text, std::string_view who) {
  const std::string what = "the output of " + std::string(who);
  const json::value value = parse_secret_json(text, what);
  const JsonReader reader(value, what);
  const std::optional<uint64_t> end = seconds_of(reader, "expires_on");
  IssuedToken issued;
  issued.token = AccessToken(token_of(reader, "accessToken"),
                             end ? time_of(*end) : local_time_of(reader, "expiresOn"));
  return issued;
}

Refusal parse_refusal(std::string_view text) {
  Refusal refusal;
  json::value value;
  try {
    value = parse_secret_json(text, "the answer");
  } catch (const Error&) {
    return refusal;  // a page of a proxy; the status says enough
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return refusal;
  refusal.error = text_of(*object, "error");
  refusal.description = text_of(*object, "error_description");
  if (refusal.description.empty()) refusal.description = text_of(*object, "message");
  refusal.code = code_of(refusal.description);
  refusal.trace_id = text_of(*object, "trace_id");
  refusal.correlation_id = text_of(*object, "correlation_id");
  return refusal;
}

Error refusal_error(const Refusal& refusal, unsigned status, std::string_view identity,
                    std::initializer_list<std::string_view> secrets) {
  // Entra ID adds ids and the time; they go into details.
  const std::string_view words =
      std::string_view(refusal.description).substr(0, refusal.description.find("Trace ID:"));
  std::string reason = quoted(words, max_description, secrets);
  if (reason.empty()) reason = quoted(refusal.error, max_description, secrets);
  if (reason.empty()) reason = "no reason was given, but status " + std::to_string(status);
  Error error(Code::auth, "no token for " + std::string(identity) + ": " + reason);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    Error more = std::move(error).with(key, quoted(value, 64, secrets));
    error = std::move(more);
  };
  add("aadsts", refusal.code);
  add("oauth_error", refusal.error);
  add("trace_id", refusal.trace_id);
  add("correlation_id", refusal.correlation_id);
  add("status", std::to_string(status));
  return error;
}

}  // namespace sapdr::core
