// Managed identities: a service of the machine gives tokens to whoever runs on it. On virtual
// machines and in clusters that is IMDS, at an address that is never routed; in App Service,
// Functions and Container Apps a port that two variables tell.
#include <strings.h>

#include <atomic>
#include <optional>

#include "base/error.hpp"
#include "net/azure/endpoint.hpp"
#include "net/azure/entra_request.hpp"
#include "net/azure/secret_text.hpp"
#include "net/azure/token_answer.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view imds = "http://169.254.169.254";
constexpr std::string_view imds_path = "/metadata/identity/oauth2/token";

// Which of the machine's identities, and by which parameters the two services know it.
struct ChosenIdentity {
  std::string name;  // "client id 0123…"; empty: the only one
  std::string value;
  const char* imds_parameter = "";
  const char* app_service_parameter = "";
};

ChosenIdentity chosen_identity(const AzureIdentitySettings& settings) {
  ChosenIdentity chosen;
  if (!settings.identity_object_id.empty() && !settings.identity_resource_id.empty()) {
    throw Error(Code::invalid_argument,
                "a managed identity is named by its object id or its resource id, not both");
  }
  if (!settings.identity_object_id.empty()) {
    chosen = {"object id ", settings.identity_object_id, "object_id", "object_id"};
  } else if (!settings.identity_resource_id.empty()) {
    chosen = {"resource id ", settings.identity_resource_id, "msi_res_id", "mi_res_id"};
  } else if (!settings.client_id.empty()) {
    chosen = {"client id ", settings.client_id, "client_id", "client_id"};
  }
  chosen.name += quoted(chosen.value, 200);
  return chosen;
}

class ManagedIdentityIssuer : public TokenIssuer {
 public:
  ManagedIdentityIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings)
      : tools_(tools), chosen_(chosen_identity(settings)) {}

  std::string name() const override {
    return chosen_.value.empty() ? "the managed identity of this machine"
                                 : "the managed identity with " + chosen_.name;
  }

 protected:
  HttpResponse ask(const HttpRequest& request, std::string_view whom) const {
    return ask_for_token(*tools_.context, *tools_.clients.local, request, whom, tools_.retries);
  }

  IssuerTools tools_;
  const ChosenIdentity chosen_;
};

class ImdsIssuer final : public ManagedIdentityIssuer {
 public:
  ImdsIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings, bool probe)
      : ManagedIdentityIssuer(tools, settings), is_known_(!probe) {
    tools_.retries.is_imds = true;
    std::string url(settings.imds_host.empty() ? imds : settings.imds_host);
    while (url.ends_with('/')) url.pop_back();
    endpoint_ = machine_endpoint(url.append(imds_path), "AZURE_POD_IDENTITY_AUTHORITY_HOST");
  }

  IssuedToken issue(const std::string& scope) override {
    HttpRequest request;
    request.url = endpoint_;
    request.url.add_query("api-version", "2018-02-01");
    request.url.add_query("resource", resource_of_scope(scope));
    request.max_body = max_token_answer;
    if (!is_known_) probe(request);
    if (!chosen_.value.empty()) request.url.add_query(chosen_.imds_parameter, chosen_.value);
    request.headers.set("Metadata", "true");
    const std::string whom = "Azure's instance metadata service";
    const UnixNs asked = tools_.context->now();
    const SecretResponse response(patiently(request, whom));
    if (response.status() != 200) throw refused(response);
    return token_in(response, request, asked, whom);
  }

 private:
  // Without the header it refuses everybody, but answers: no more is asked here. It is known from
  // then on, and waited for when it is busy.
  void probe(const HttpRequest& request) {
    unsigned status = 0;
    try {
      status = tools_.clients.probe->send(request).status;
    } catch (const Error& error) {
      if (error.code() != Code::network && error.code() != Code::timeout) throw;
      throw Error(Code::not_found, "managed identity: nobody answers at " + endpoint_.origin())
          .because(error);
    }
    // Other clouds' services of that address, and the proxy of Docker Desktop.
    if (status == 401 || status == 403) {
      throw Error(Code::not_found, "managed identity: what answers at " + endpoint_.origin() +
                                       " is not Azure's service, as its status is " +
                                       std::to_string(status));
    }
    is_known_ = true;
  }

  // A service that is being updated also answers 404, so what is none is known only in the end.
  HttpResponse patiently(const HttpRequest& request, std::string_view whom) const {
    try {
      return ask(request, whom);
    } catch (const Error& error) {
      const std::string* status = error.detail("status");
      if (status == nullptr || *status != "404") throw;
      throw Error(Code::not_found, "managed identity: what answers at " + endpoint_.origin() +
                                       " knows nothing of identities")
          .because(error);
    }
  }

  Error refused(const SecretResponse& response) const {
    const Refusal refusal = parse_refusal(response.text());
    const auto says = [&](const char* words) {
      return ::strcasestr(refusal.description.c_str(), words) != nullptr;
    };
    Error reason = refusal_error(refusal, response.status(), name());
    if (says("multiple user assigned identities")) {
      return Error(Code::auth,
                   "this machine has several managed identities: say which one by its client id "
                   "(AZURE_CLIENT_ID)")
          .because(reason);
    }
    if (response.status() == 400 && says("identity not found")) {
      if (!chosen_.value.empty()) {
        return Error(Code::auth, name() +
                                     " is not assigned to this machine; see what is by `az vm "
                                     "identity show` or in the portal")
            .because(reason);
      }
      return Error(Code::not_found, "managed identity: none is assigned to this machine")
          .because(reason);
    }
    return reason;
  }

  Url endpoint_;
  std::atomic<bool> is_known_;
};

class AppServiceIssuer final : public ManagedIdentityIssuer {
 public:
  AppServiceIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings)
      : ManagedIdentityIssuer(tools, settings),
        endpoint_(machine_endpoint(settings.identity_endpoint, "IDENTITY_ENDPOINT")),
        header_(settings.identity_header) {}

  IssuedToken issue(const std::string& scope) override {
    HttpRequest request;
    request.url = endpoint_;
    request.url.add_query("api-version", "2019-08-01");
    request.url.add_query("resource", resource_of_scope(scope));
    if (!chosen_.value.empty()) {
      request.url.add_query(chosen_.app_service_parameter, chosen_.value);
    }
    request.max_body = max_token_answer;
    request.headers.set("X-IDENTITY-HEADER", std::string(as_text(header_)));
    const std::string whom = "App Service";
    const UnixNs asked = tools_.context->now();
    const SecretResponse response(ask(request, whom));
    if (response.status() != 200) {
      throw refusal_error(parse_refusal(response.text()), response.status(), name(),
                          {as_text(header_)});
    }
    return token_in(response, request, asked, whom);
  }

 private:
  const Url endpoint_;
  const SecretBytes header_;
};

}  // namespace

TokenIssuerPtr managed_identity_issuer(const IssuerTools& tools,
                                       const AzureIdentitySettings& settings, bool probe) {
  if (!settings.identity_endpoint.empty() && !settings.identity_header.empty()) {
    return std::make_shared<AppServiceIssuer>(tools, settings);
  }
  return std::make_shared<ImdsIssuer>(tools, settings, probe);
}

}  // namespace sapdr::core
