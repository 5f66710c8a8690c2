// A token of another issuer, for AKS that of the service account, stands for the application. The
// file is replaced by Kubernetes before its content expires.
#include "base/error.hpp"
#include "net/azure/entra_request.hpp"
#include "net/azure/secret_text.hpp"

namespace sapdr::core {

namespace {

constexpr size_t max_token_file = 64 * 1024;
constexpr std::string_view what = "the federated token file";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

class WorkloadIdentityIssuer final : public TokenIssuer {
 public:
  WorkloadIdentityIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings)
      : tools_(tools),
        application_(entra_application(settings, what)),
        path_(settings.federated_token_file) {
    require_setting(!path_.empty(), "AZURE_FEDERATED_TOKEN_FILE", what);
  }

  std::string name() const override { return application_.name; }

  IssuedToken issue(const std::string& scope) override {
    const SecretBytes content = read_secret_file(path_, max_token_file, what);
    const std::string_view token = trimmed(as_text(content));
    if (token.empty()) {
      throw Error(Code::auth, std::string(what) + " " + path_ + " is empty").with("path", path_);
    }
    return ask_with_assertion(tools_, application_, scope, token);
  }

 private:
  const IssuerTools tools_;
  const EntraApplication application_;
  const std::string path_;
};

}  // namespace

TokenIssuerPtr workload_identity_issuer(const IssuerTools& tools,
                                        const AzureIdentitySettings& settings) {
  return std::make_shared<WorkloadIdentityIssuer>(tools, settings);
}

}  // namespace sapdr::core
