#include "net/azure/entra_request.hpp"

#include "net/azure/endpoint.hpp"
#include "net/azure/secret_text.hpp"
#include "net/azure/token_answer.hpp"

namespace sapdr::core {

namespace {

IssuedToken ask(const IssuerTools& tools, const EntraApplication& application,
                const std::string& scope, SecretBytes form, std::string_view secret) {
  append_field(form, "client_id", application.client_id);
  append_field(form, "grant_type", "client_credentials");
  append_field(form, "scope", scope);
  HttpRequest request;
  request.method = "POST";
  request.url = application.endpoint;
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.headers.set("Accept", "application/json");
  request.body = form;
  request.max_body = max_token_answer;
  const std::string whom = "Entra ID at " + application.endpoint.host;
  const UnixNs asked = tools.context->now();
  const SecretResponse response(
      ask_for_token(*tools.context, *tools.clients.entra, request, whom, tools.retries));
  if (response.status() != 200) {
    throw refusal_error(parse_refusal(response.text()), response.status(), application.name,
                        {secret});
  }
  return token_in(response, request, asked, whom);
}

}  // namespace

EntraApplication entra_application(const AzureIdentitySettings& settings, std::string_view what) {
  require_setting(!settings.tenant.empty(), "AZURE_TENANT_ID", what);
  require_setting(!settings.client_id.empty(), "AZURE_CLIENT_ID", what);
  EntraApplication application;
  application.endpoint = entra_token_endpoint(settings.authority_host, settings.tenant);
  application.client_id = settings.client_id;
  application.name = std::string(what) + " of application " + quoted(settings.client_id, 80) +
                     " in tenant " + settings.tenant;
  return application;
}

IssuedToken ask_with_secret(const IssuerTools& tools, const EntraApplication& application,
                            const std::string& scope, std::string_view secret) {
  SecretBytes form;
  append_field(form, "client_secret", secret);
  return ask(tools, application, scope, std::move(form), secret);
}

IssuedToken ask_with_assertion(const IssuerTools& tools, const EntraApplication& application,
                               const std::string& scope, std::string_view assertion) {
  SecretBytes form;
  append_field(form, "client_assertion_type",
               "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  append_field(form, "client_assertion", assertion);
  return ask(tools, application, scope, std::move(form), assertion);
}

void require_setting(bool is_set, std::string_view variable, std::string_view what) {
  if (is_set) return;
  throw Error(Code::invalid_argument,
              std::string(what) + " needs " + std::string(variable) + ", which is not set");
}

}  // namespace sapdr::core
