#include "storage/azure_blob/connection_string.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

// Of Azurite and the emulator before it; published, and the same everywhere.
constexpr std::string_view development_account = "devstoreaccount1";
constexpr std::string_view development_key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
constexpr std::string_view development_endpoint = "http://127.0.0.1:10000/devstoreaccount1";

bool is_same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : int{c}; };
    return lower(x) == lower(y);
  });
}

SecretBytes secret(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Code::invalid_argument, "the connection string of the storage account " + why);
}

struct Settings {
  ConnectionString result;
  std::string_view protocol = "https";
  std::string_view suffix = "core.windows.net";
  bool is_development = false;

  void set(std::string_view name, std::string_view value) {
    if (is_same_name(name, "AccountName")) result.account = value;
    if (is_same_name(name, "AccountKey")) result.account_key = secret(value);
    if (is_same_name(name, "SharedAccessSignature")) result.sas = secret(value);
    if (is_same_name(name, "BlobEndpoint")) result.blob_endpoint = value;
    if (is_same_name(name, "DefaultEndpointsProtocol")) protocol = value;
    if (is_same_name(name, "EndpointSuffix")) suffix = value;
    if (is_same_name(name, "UseDevelopmentStorage")) is_development = is_same_name(value, "true");
  }
};

}  // namespace

ConnectionString ConnectionString::parse(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    const std::string_view setting = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (setting.empty()) continue;
    const size_t equals = setting.find('=');
    if (equals == std::string_view::npos) refuse("has a part without \"=\"; copy it as a whole");
    settings.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  ConnectionString& result = settings.result;
  if (settings.is_development) {
    result.account = development_account;
    result.account_key = secret(development_key);
    result.blob_endpoint = development_endpoint;
  }
  if (result.blob_endpoint.empty()) {
    if (result.account.empty()) refuse("has neither AccountName nor BlobEndpoint");
    result.blob_endpoint = std::string(settings.protocol) + "://" + result.account + ".blob." +
                           std::string(settings.suffix);
  }
  return std::move(result);
}

}  // namespace sapdr::core
