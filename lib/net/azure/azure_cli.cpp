// The az command knows who is logged in, and asks for tokens in that name: for a person at work,
// not for a service.
#include "base/error.hpp"
#include "net/azure/endpoint.hpp"
#include "net/azure/entra_request.hpp"
#include "net/azure/run_command.hpp"
#include "net/azure/secret_text.hpp"
#include "net/azure/token_answer.hpp"

namespace sapdr::core {

namespace {

constexpr size_t max_told = 400;
constexpr int not_found_by_shell = 127;

class AzureCliIssuer final : public TokenIssuer {
 public:
  AzureCliIssuer(const IssuerTools& tools, const AzureIdentitySettings& settings)
      : time_limit_(tools.cli_time_limit),
        tenant_(settings.tenant),
        search_path_(settings.search_path) {
    if (!tenant_.empty()) check_tenant(tenant_);
  }

  std::string name() const override { return "whoever is logged in with the az command"; }

  IssuedToken issue(const std::string& scope) override {
    const std::optional<std::string> program = find_program("az", search_path_);
    if (!program) throw not_installed();
    Command command;
    command.program = *program;
    command.arguments = {"account", "get-access-token", "--output", "json", "--scope", scope};
    if (!tenant_.empty()) {
      command.arguments.insert(command.arguments.end(), {"--tenant", tenant_});
    }
    command.environment = {"AZURE_CORE_NO_COLOR=true"};
    command.time_limit = time_limit_;
    const CommandResult result = run_command(command);
    if (result.exit_code != 0) throw failed(result);
    return parse_cli_answer(as_text(result.output), "the az command");
  }

 private:
  static Error not_installed() {
    return Error(Code::not_found, "az: the command is not installed, or not in PATH");
  }

  static Error failed(const CommandResult& result) {
    const auto says = [&](const char* words) {
      return result.errors.find(words) != std::string::npos;
    };
    if (result.exit_code == not_found_by_shell) return not_installed();
    const std::string told = quoted(result.errors, max_told);
    // What Entra ID itself refuses also ends in the advice to log in, but has a reason.
    if (!says("AADSTS") && (says("az login") || says("az account set"))) {
      return Error(Code::not_found, "az: nobody is logged in; run `az login`").with("stderr", told);
    }
    return Error(Code::auth, "the az command gave no token but exit code " +
                                 std::to_string(result.exit_code) +
                                 (told.empty() ? "" : ": " + told));
  }

  const std::chrono::nanoseconds time_limit_;
  const std::string tenant_;
  const std::string search_path_;
};

}  // namespace

TokenIssuerPtr azure_cli_issuer(const IssuerTools& tools, const AzureIdentitySettings& settings) {
  return std::make_shared<AzureCliIssuer>(tools, settings);
}

}  // namespace sapdr::core
