#include "storage/azure_blob/failure.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "base/number.hpp"
#include "storage/azure_blob/blob_list.hpp"
#include "storage/azure_blob/http_date.hpp"

namespace sapdr::core {

namespace {

constexpr int64_t ns_per_second = 1'000'000'000;
constexpr int64_t noticeable_skew = 60;      // seconds; the service refuses from 15 minutes on
constexpr uint64_t longest_pause = 1 << 20;  // seconds; more is nonsense

struct Meaning {
  Code code;
  Retry retry;
  const char* text;  // why, and what to do
};

struct KnownError {
  std::string_view name;
  Meaning meaning;
};

constexpr std::array known_errors = {
    KnownError{"AccountBeingCreated", {Code::network, Retry::yes, "the account is being created"}},
    KnownError{"AccountIsDisabled",
               {Code::permission, Retry::never, "the storage account is disabled"}},
    KnownError{"AuthenticationFailed",
               {Code::auth, Retry::never, "the service does not accept what proves who we are"}},
    KnownError{"AuthorizationFailure",
               {Code::permission, Retry::never,
                "the service refuses this caller: is this network let in by the account's "
                "firewall, and does the credential allow this?"}},
    KnownError{"AuthorizationPermissionMismatch",
               {Code::permission, Retry::never, "the credential does not allow this"}},
    KnownError{"AuthorizationProtocolMismatch",
               {Code::permission, Retry::never, "the SAS does not allow this protocol: use https"}},
    KnownError{"AuthorizationResourceTypeMismatch",
               {Code::permission, Retry::never, "the SAS does not reach this kind of resource"}},
    KnownError{"AuthorizationServiceMismatch",
               {Code::permission, Retry::never, "the SAS is not for Blob Storage"}},
    KnownError{"AuthorizationSourceIPMismatch",
               {Code::permission, Retry::never, "the SAS does not allow the address we have"}},
    KnownError{"BlobAlreadyExists", {Code::exists, Retry::never, "it is there already"}},
    KnownError{"BlobArchived",
               {Code::invalid_state, Retry::never,
                "it is in the archive tier: rehydrate it (`sapdr restore --warm-up` does what a "
                "restore needs), which takes up to 15 hours, and run the operation again"}},
    KnownError{"BlobBeingRehydrated",
               {Code::invalid_state, Retry::never,
                "it is on its way out of the archive tier, which takes up to 15 hours: run the "
                "operation again later"}},
    KnownError{"BlobImmutableDueToLegalHold",
               {Code::permission, Retry::never, "a legal hold forbids it"}},
    KnownError{"BlobImmutableDueToPolicy",
               {Code::permission, Retry::never,
                "an immutability policy forbids it until the time of the policy is over"}},
    KnownError{"BlobNotFound", {Code::not_found, Retry::never, "it is not there"}},
    KnownError{"ConditionNotMet", {Code::exists, Retry::never, "it is there already"}},
    KnownError{"ContainerBeingDeleted",
               {Code::network, Retry::yes, "a container of this name is being deleted"}},
    KnownError{"ContainerDisabled", {Code::permission, Retry::never, "the container is disabled"}},
    KnownError{"ContainerNotFound",
               {Code::not_found, Retry::never, "the container does not exist: init creates it"}},
    KnownError{"Crc64Mismatch", {Code::network, Retry::yes, "what arrived is not what was sent"}},
    KnownError{"InsufficientAccountPermissions",
               {Code::permission, Retry::never, "the account or the credential does not allow it"}},
    KnownError{"InternalError", {Code::network, Retry::yes, "the service failed inside"}},
    KnownError{"InvalidAuthenticationInfo",
               {Code::auth, Retry::never, "the service does not accept what proves who we are"}},
    KnownError{"InvalidRange", {Code::corrupt, Retry::never, "it is shorter than expected"}},
    KnownError{"KeyBasedAuthenticationNotPermitted",
               {Code::permission, Retry::never,
                "the account allows no keys: use an identity of Microsoft Entra ID"}},
    KnownError{"LeaseIdMissing",
               {Code::permission, Retry::never, "somebody holds a lease on it: break the lease"}},
    KnownError{"Md5Mismatch", {Code::network, Retry::yes, "what arrived is not what was sent"}},
    KnownError{"NoAuthenticationInformation",
               {Code::auth, Retry::never, "the service wants to know who we are"}},
    KnownError{"OperationTimedOut",
               {Code::timeout, Retry::yes, "the service did not finish in time"}},
    KnownError{"PublicAccessNotPermitted",
               {Code::auth, Retry::never, "the service wants to know who we are"}},
    KnownError{"ResourceNotFound", {Code::not_found, Retry::never, "it is not there"}},
    KnownError{"ServerBusy", {Code::network, Retry::yes, "the service is busy"}},
    KnownError{"TargetConditionNotMet", {Code::exists, Retry::never, "it is there already"}},
};

Meaning meaning_of_status(unsigned status) {
  switch (status) {
    case 401:
      return {Code::auth, Retry::never, "the service does not accept what proves who we are"};
    case 403:
      return {Code::permission, Retry::never, "the service refuses it"};
    // The service names what is missing or in the way. Taken for its word, the answer of something
    // in between would hide snapshots from a prune.
    case 404:
    case 409:
    case 412:
      return {Code::network, Retry::never,
              "this is no answer of Blob Storage: is the location right, and what is in between?"};
    case 407:
      return {Code::permission, Retry::never, "the proxy wants a user and a password"};
    case 413:
      return {Code::unsupported, Retry::never, "it is too large for one blob"};
    case 416:
      return {Code::corrupt, Retry::never, "it is shorter than expected"};
    case 501:
      return {Code::unsupported, Retry::never, "the service cannot do this"};
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return {Code::network, Retry::yes, "the service is busy or failed inside"};
    default:
      break;
  }
  if (status >= 500) return {Code::network, Retry::maybe, "the service failed inside"};
  if (status >= 400) return {Code::invalid_argument, Retry::never, "the service refused it"};
  return {Code::network, Retry::never, "this is no answer of Blob Storage"};
}

// A name that is not known still says that it was the service.
Meaning meaning_of_unknown(unsigned status) {
  if (status == 404) return {Code::not_found, Retry::never, "it is not there"};
  if (status == 409) return {Code::invalid_state, Retry::never, "something is in its way"};
  if (status == 412) return {Code::invalid_state, Retry::never, "a condition is not met"};
  return meaning_of_status(status);
}

// A name may also come with a status that says to try again.
Meaning meaning_of(unsigned status, const std::string& name) {
  const Meaning unknown = name.empty() ? meaning_of_status(status) : meaning_of_unknown(status);
  const auto known = std::find_if(known_errors.begin(), known_errors.end(),
                                  [&](const KnownError& each) { return each.name == name; });
  return known == known_errors.end() ? unknown : known->meaning;
}

// How far the clock of this machine is off, if that is worth telling.
std::string skew_of(const HttpResponse& response, UnixNs now) {
  const std::string* header = response.headers.find("Date");
  const std::optional<UnixNs> date = header == nullptr ? std::nullopt : parse_http_date(*header);
  if (!date) return {};
  const int64_t seconds = (now - *date) / ns_per_second;
  if (std::abs(seconds) < noticeable_skew) return {};
  return "the clock of this machine is " + std::to_string(std::abs(seconds)) + " s " +
         (seconds > 0 ? "ahead of" : "behind") + " that of the service: set it right";
}

// What the credential or the clock explain, of a refusal.
std::string explanation(const HttpResponse& response, const Meaning& meaning,
                        const BlobAttempt& attempt, const BlobCredential& credential) {
  if (meaning.code != Code::auth && meaning.code != Code::permission) return {};
  const std::string skew = skew_of(response, attempt.now);
  if (!skew.empty() && meaning.code == Code::auth) return "; " + skew;
  const std::string own = credential.explain(attempt.now);
  return " (" + credential.name() + ")" + (own.empty() ? "" : "; " + own);
}

// Seconds, from "120" or a date; nothing if the service asks for no pause.
std::optional<uint64_t> pause_of(const HttpResponse& response, UnixNs now) {
  const std::string* header = response.headers.find("Retry-After");
  if (header == nullptr) return std::nullopt;
  if (const auto seconds = parse_number<uint64_t>(*header)) {
    return std::min(*seconds, longest_pause);
  }
  const std::optional<UnixNs> date = parse_http_date(*header);
  if (!date || *date <= now) return std::nullopt;
  return std::min(static_cast<uint64_t>((*date - now) / ns_per_second) + 1, longest_pause);
}

// Names of errors come from outside and are shown: letters and digits only.
std::string plain(std::string name) {
  std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
  return name.substr(0, 64);
}

}  // namespace

std::string error_code_of(const HttpResponse& response) {
  if (const std::string* header = response.headers.find("x-ms-error-code")) return plain(*header);
  return plain(parse_error_code(response.body));
}

Error blob_failure(const HttpResponse& response, const BlobAttempt& attempt,
                   const BlobCredential& credential) {
  const std::string name = error_code_of(response);
  const std::string status = std::to_string(response.status);
  const Meaning meaning = meaning_of(response.status, name);
  std::string why = meaning.text;
  if (name == "ContainerNotFound" && !attempt.container.empty()) {
    why = "the container " + attempt.container + " does not exist: init creates it";
  }
  Error error(meaning.code,
              "could not " + attempt.what + " in " + attempt.where + ": " + why + " [" + status +
                  (name.empty() ? "" : " " + name) + "]" +
                  explanation(response, meaning, attempt, credential),
              meaning.retry);
  std::move(error).with("http_status", status);
  if (!name.empty()) std::move(error).with("error_code", name);
  if (const std::string* id = response.headers.find("x-ms-request-id")) {
    std::move(error).with("request_id", *id);
  }
  if (const auto pause = pause_of(response, attempt.now); pause && meaning.retry != Retry::never) {
    std::move(error).with("retry_after", std::to_string(*pause));
  }
  if (response.repeated) std::move(error).with("repeated", "1");
  return error;
}

}  // namespace sapdr::core
