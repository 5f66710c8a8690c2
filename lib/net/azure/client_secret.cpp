#include "net/azure/entra_request.hpp"

namespace sapdr::core {

namespace {

class ClientSecretIssuer final : public TokenIssuer {
 public:
  ClientSecretIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings)
      : tools_(tools),
        application_(entra_application(settings, "the client secret")),
        secret_(settings.client_secret) {
    require_setting(!secret_.empty(), "AZURE_CLIENT_SECRET", "the client secret");
  }

  std::string name() const override { return application_.name; }
  IssuedToken issue(const std::string& scope) override {
    return ask_with_secret(tools_, application_, scope, as_text(secret_));
  }

 private:
  const IssuerTools tools_;
  const EntraApplication application_;
  const SecretBytes secret_;
};

}  // namespace

TokenIssuerPtr client_secret_issuer(const IssuerTools& tools,
                                    const AzureIdentitySettings& settings) {
  return std::make_shared<ClientSecretIssuer>(tools, settings);
}

}  // namespace sapdr::core
