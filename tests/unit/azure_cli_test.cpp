// The az command, played by scripts: what it prints, how it ends, and how long it takes.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "base/cancel.hpp"
#include "base/fd.hpp"
#include "identity_support.hpp"
#include "net/azure/run_command.hpp"
#include "support/files.hpp"

using namespace sapdr::test;

namespace {

class FakeAz {
 public:
  explicit FakeAz(const std::string& body) {
    write_file(folder_ / "az", "#!/bin/sh\n" + body);
    std::filesystem::permissions(folder_ / "az", std::filesystem::perms::owner_all);
    settings.kind = AzureCredentialKind::azure_cli;
    settings.search_path = "relative:" + folder_.path();
  }

  std::string ask() const {
    return make_azure_credential(machine.tools, settings)->token(storage_scope).secret;
  }
  Error error() const {
    return error_of([&] { ask(); });
  }
  std::string file(const char* name) const { return folder_ / name; }

  Machine machine;
  AzureIdentitySettings settings;

 private:
  const TempDir folder_;
};

const std::string good_answer = R"(echo '{"accessToken":"t","expires_on":1900000000}')";

}  // namespace

TEST_CASE("az: it is run with plain arguments, no input and in no folder of ours") {
  FakeAz az(
      "printf '%s\\n' \"$@\" >$(dirname $0)/arguments; pwd >$(dirname $0)/folder\n"
      "cat >$(dirname $0)/input; echo $AZURE_CORE_NO_COLOR >$(dirname $0)/color\n"
      "echo 'WARNING: none of that counts' >&2\n" +
      good_answer);
  az.settings.tenant = "tenant.example.com";
  CHECK(az.ask() == "t");
  CHECK(read_file(az.file("arguments")) == "account\nget-access-token\n--output\njson\n--scope\n" +
                                               storage_scope + "\n--tenant\ntenant.example.com\n");
  CHECK(read_file(az.file("folder")) == "/\n");
  CHECK(read_file(az.file("input")).empty());
  CHECK(read_file(az.file("color")) == "true\n");
}

TEST_CASE("az: not installed, and not logged in, are told apart") {
  FakeAz az("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
  CHECK(az.error().code() == Code::auth);
  CHECK(az.error().message() == "az: nobody is logged in; run `az login`");
  az.settings.search_path = "/nowhere";
  CHECK(az.error().code() == Code::auth);
  CHECK(az.error().message() == "az: the command is not installed, or not in PATH");
  const FakeAz broken("exit 127");
  CHECK(broken.error().message() == "az: the command is not installed, or not in PATH");
}

TEST_CASE("az: why it failed is told in one line, without tokens") {
  const FakeAz az(
      "printf 'ERROR: AADSTS50076: use\\nmore factors, eyJhbGciOi.abc.def. Run az login' >&2"
      "; exit 3");
  CHECK(az.error().code() == Code::auth);
  CHECK(az.error().message() ==
        "the az command gave no token but exit code 3: ERROR: AADSTS50076: use more factors, *** "
        "Run az login");
  const FakeAz chatty("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1");
  CHECK(chatty.error().message().size() < 500);
  const FakeAz killed("kill -9 $$");
  CHECK(killed.error().message() == "the az command gave no token but exit code 137");
}

TEST_CASE("az: garbage and huge output are refused") {
  const FakeAz garbage("echo 'sesame, open'");
  CHECK(garbage.error().code() == Code::auth);
  CHECK(garbage.error().message().find("sesame") == std::string::npos);
  const FakeAz huge("exec head -c 100000000 /dev/zero");
  CHECK(huge.error().code() == Code::auth);
  CHECK(huge.error().message().find("more than 262144 bytes") != std::string::npos);
}

TEST_CASE("az: one that does not end is killed, with what it started") {
  FakeAz az("sleep 60 & echo $! >$(dirname $0)/pid; wait");
  az.machine.tools.cli_time_limit = std::chrono::seconds(1);
  const auto start = std::chrono::steady_clock::now();
  CHECK(az.error().code() == Code::timeout);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  const int sleeper = std::stoi(read_file(az.file("pid")));
  for (int i = 0; i < 1000 && ::kill(sleeper, 0) == 0; ++i) {
    // A zombie, for as long as nobody has collected it, counts as killed.
    std::string state = "gone)  ";
    try {
      state = read_file("/proc/" + std::to_string(sleeper) + "/stat");
    } catch (const std::exception&) {
      break;
    }
    if (state[state.rfind(')') + 2] == 'Z') break;
    ::usleep(10'000);
    CHECK(i < 999);
  }
}

TEST_CASE("az: what it leaves running is not waited for") {
  const FakeAz az("sleep 5 & " + good_answer);
  const auto start = std::chrono::steady_clock::now();
  CHECK(az.ask() == "t");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
}

TEST_CASE("az: a cancelled operation does not wait for it") {
  const FakeAz az("sleep 60");
  Cancel cancel;
  cancel.trigger();
  const CancelScope scope(&cancel);
  CHECK(az.error().code() == Code::cancelled);
}

TEST_CASE("run command: none of our descriptors, and its own signals") {
  const TempDir folder;
  const Fd open(::open(folder.path().c_str(), O_RDONLY));  // without O_CLOEXEC
  REQUIRE(open);
  Command command;
  command.program = "/bin/sh";
  command.arguments = {"-c", "ls /proc/self/fd | wc -l; kill -PIPE $$"};
  const CommandResult result = run_command(command);
  CHECK(text_of(result.output) == "4\n");  // three, and that of the folder that ls reads
  CHECK(result.exit_code == 128 + SIGPIPE);
  command.program = "/nowhere/at/all";
  CHECK(code_of([&] { run_command(command); }) == Code::not_found);
}
