#include <array>

#include "base/encoding.hpp"
#include "net/azure/client_assertion.hpp"
#include "net/azure/entra_request.hpp"
#include "net/azure/secret_text.hpp"

namespace sapdr::core {

namespace {

constexpr size_t max_certificate_file = 1024 * 1024;
constexpr std::string_view what = "the client certificate";

// A random UUID of RFC 4122.
std::string new_uuid(const Context& context) {
  std::array<std::byte, 16> bytes;
  context.random(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  std::string text = to_hex(bytes);
  for (const size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

class ClientCertificateIssuer final : public TokenIssuer {
 public:
  ClientCertificateIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings)
      : tools_(tools),
        application_(entra_application(settings, what)),
        path_(settings.certificate_path),
        password_(settings.certificate_password),
        send_chain_(settings.send_certificate_chain) {
    require_setting(!path_.empty(), "AZURE_CLIENT_CERTIFICATE_PATH", what);
  }

  std::string name() const override { return application_.name; }

  // The file may have been replaced by a newer one; and no key stays in memory.
  IssuedToken issue(const std::string& scope) override {
    const SecretBytes content = read_secret_file(path_, max_certificate_file, what);
    const SigningCertificate certificate = parse_certificate(content, as_text(password_), path_);
    AssertionClaims claims;
    claims.audience = application_.endpoint.shown();
    claims.client_id = application_.client_id;
    claims.id = new_uuid(*tools_.context);
    claims.now = tools_.context->now();
    const SecretBytes assertion = client_assertion(certificate, claims, send_chain_);
    return ask_with_assertion(tools_, application_, scope, as_text(assertion));
  }

 private:
  const IssuerTools tools_;
  const EntraApplication application_;
  const std::string path_;
  const SecretBytes password_;
  const bool send_chain_;
};

}  // namespace

TokenIssuerPtr client_certificate_issuer(const IssuerTools& tools,
                                         const AzureIdentitySettings& settings) {
  return std::make_shared<ClientCertificateIssuer>(tools, settings);
}

}  // namespace sapdr::core
