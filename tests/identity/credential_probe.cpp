// A credential as the environment has it, for tests against servers: reads commands from standard
// input and answers each with a line of JSON, which tells of tokens only when they expire, and a
// hash.
//
//   token SCOPE        asks for one
//   refuse SCOPE       asks for one, as the last one was refused
//   threads N SCOPE    N threads ask at once; the answer has a line for each different token
//
// usage: credential_probe CA_FILE [object_id=ID | resource_id=ID | min_wait_ms=N | az_seconds=N]...
#include <openssl/sha.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "net/azure/credential.hpp"

using namespace sapdr::core;

namespace {

std::string hash_of(const std::string& text) {
  std::array<std::byte, SHA256_DIGEST_LENGTH> hash;
  SHA256(uc(as_bytes(text).data()), text.size(), uc(hash.data()));
  return to_hex(hash);
}

std::string token_json(const AccessToken& token) {
  return "{\"expires\":" + std::to_string(token.expires / 1'000'000'000) + ",\"sha256\":\"" +
         hash_of(token.secret) + "\"}";
}

std::string error_json(const Error& error) {
  std::string json = "{\"code\":" + std::to_string(static_cast<int>(error.code())) +
                     ",\"retry\":" + std::to_string(static_cast<int>(error.retry())) +
                     ",\"error\":";
  append_json_string(json, error.message());
  const std::string* aadsts = error.detail("aadsts");
  if (aadsts != nullptr) {
    json += ",\"aadsts\":";
    append_json_string(json, *aadsts);
  }
  return json + "}";
}

class Probe {
 public:
  explicit Probe(TokenCredentialPtr credential) : credential_(std::move(credential)) {}

  std::string answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    std::string scope;
    words >> command;
    unsigned threads = 1;
    if (command == "threads") words >> threads;
    words >> scope;
    try {
      if (command == "threads") return at_once(threads, scope);
      last_ = credential_->token(scope, command == "refuse" ? last_.secret : "");
      return token_json(last_);
    } catch (const Error& error) {
      return error_json(error);
    }
  }

 private:
  std::string at_once(unsigned count, const std::string& scope) {
    std::mutex mutex;
    std::map<std::string, unsigned> answers;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; ++i) {
      threads.emplace_back([&] {
        std::string answer;
        try {
          answer = token_json(credential_->token(scope));
        } catch (const Error& error) {
          answer = error_json(error);
        }
        const std::lock_guard lock(mutex);
        ++answers[answer];
      });
    }
    for (std::thread& each : threads) each.join();
    std::string json = "[";
    for (const auto& [answer, times] : answers) {
      if (json.size() > 1) json += ",";
      json += answer;
    }
    return json + "]";
  }

  const TokenCredentialPtr credential_;
  AccessToken last_;
};

TokenCredentialPtr credential_of(int argc, char** argv) {
  AzureIdentitySettings settings = azure_identity_settings();
  HttpOptions http;
  http.ca_file = argv[1];
  Context::Settings context;
  context.on_log = [](const LogRecord& record) {
    std::fprintf(stderr, "%s\n", std::string(record.message).c_str());
  };
  context.log_level = LogLevel::debug;
  IssuerTools tools;
  tools.context = std::make_shared<Context>(context);
  tools.clients = make_identity_clients(tools.context, http);
  for (int i = 2; i < argc; ++i) {
    const std::string option(argv[i]);
    const std::string value = option.substr(option.find('=') + 1);
    if (option.starts_with("object_id=")) settings.identity_object_id = value;
    if (option.starts_with("resource_id=")) settings.identity_resource_id = value;
    if (option.starts_with("min_wait_ms=")) {
      tools.retries.min_wait = std::chrono::milliseconds(std::stoi(value));
    }
    if (option.starts_with("az_seconds=")) {
      tools.cli_time_limit = std::chrono::seconds(std::stoi(value));
    }
  }
  return make_azure_credential(tools, settings);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::optional<Probe> probe;
  std::string refusal;  // of the settings: the answer to every command
  try {
    probe.emplace(credential_of(argc, argv));
  } catch (const Error& error) {
    refusal = error_json(error);
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << (probe ? probe->answer(line) : refusal) << std::endl;
  }
  return 0;
}
