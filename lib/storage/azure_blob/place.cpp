#include "storage/azure_blob/place.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/path.hpp"
#include "storage/azure_blob/connection_string.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view azure_scheme = "azure:";
constexpr size_t max_prefix = 900;  // a blob's name has at most 1024 characters

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Code::invalid_argument, what);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_address(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || (is_address(host) && host.starts_with("127."));
}

void require_container(const std::string& name) {
  const bool is_one = name.size() >= 3 && name.size() <= 63 && name.front() != '-' &&
                      name.back() != '-' && name.find("--") == std::string::npos &&
                      std::all_of(name.begin(), name.end(), [](char c) {
                        return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
                      });
  if (is_one) return;
  refuse("\"" + name +
         "\" is no name of a container: it has 3 to 63 lower-case letters, digits and single "
         "hyphens");
}

void require_account(const std::string& name) {
  const bool is_one =
      !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
      });
  if (!is_one) refuse("\"" + name + "\" is no name of a storage account");
}

// "/a//b/" is "a/b", "/" is nothing.
std::string clean_prefix(std::string_view path) {
  std::string clean = clean_path("/" + std::string(path)).substr(1);
  if (clean.size() > max_prefix) refuse("the path inside the container is too long");
  return clean;
}

// An endpoint of an account, whose path is empty or has the account as its only part.
struct Endpoint {
  Url url;
  std::string account;
};

Endpoint parse_endpoint(const std::string& text) {
  Endpoint endpoint{Url::parse(text), {}};
  Url& url = endpoint.url;
  require_safe(url);
  if (!url.query.empty()) refuse(url.shown() + ": an endpoint has no query");
  while (url.path.ends_with('/')) url.path.pop_back();
  endpoint.account = url.path.empty() ? url.host.substr(0, url.host.find('.')) : url.path.substr(1);
  return endpoint;
}

std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = environment ? environment(name) : std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

SecretBytes secret_of(const Environment& environment, std::initializer_list<const char*> names) {
  std::string value = first_of(environment, names);
  const ByteView view = as_bytes(value);
  SecretBytes secret(view.begin(), view.end());
  OPENSSL_cleanse(value.data(), value.size());
  return secret;
}

class Finder {
 public:
  Finder(std::string_view location, const AzureBlobOptions& options, const Environment& environment)
      : location_(location), options_(options), environment_(environment) {}

  ContainerPlace find() {
    require_one_proof();
    named_account_ = first_of(environment_, {"AZURE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"});
    read_connection_string();
    if (location_.starts_with(azure_scheme)) {
      read_azure(location_.substr(azure_scheme.size()));
    } else {
      read_url();
    }
    require_container(place_.container);
    place_.credential = credential();
    return std::move(place_);
  }

 private:
  void require_one_proof() const {
    const int given = int{!options_.account_key.empty()} + int{!options_.sas.empty()} +
                      int{!options_.connection_string.empty()} +
                      int{options_.credential != nullptr};
    if (given > 1) {
      refuse(
          "more than one of account key, SAS, connection string and identity was given for the "
          "storage account; give one");
    }
  }

  void read_connection_string() {
    SecretBytes text = options_.connection_string;
    if (text.empty()) text = secret_of(environment_, {"AZURE_STORAGE_CONNECTION_STRING"});
    if (text.empty()) return;
    connection_ = ConnectionString::parse(as_text(text));
    connection_endpoint_ = parse_endpoint(connection_->blob_endpoint);
    if (connection_->account.empty()) connection_->account = connection_endpoint_->account;
  }

  void read_azure(std::string_view rest) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    place_.container = rest.substr(0, colon);
    place_.prefix = clean_prefix(rest.substr(std::min(colon + 1, rest.size())));
    place_.shown = "azure:" + place_.container + ":/" + place_.prefix;
    place_.account = account_for_azure();
    if (connection_ && connection_->account == place_.account) {
      place_.endpoint = connection_endpoint_->url;
      return;
    }
    require_account(place_.account);
    std::string suffix = first_of(environment_, {"AZURE_ENDPOINT_SUFFIX"});
    if (suffix.empty()) suffix = "core.windows.net";
    place_.endpoint = parse_endpoint("https://" + place_.account + ".blob." + suffix).url;
  }

  std::string account_for_azure() const {
    const bool is_given = !options_.connection_string.empty();
    if (!options_.account.empty()) return options_.account;
    if (is_given) return connection_->account;
    if (!named_account_.empty()) return named_account_;
    if (connection_) return connection_->account;
    refuse("which storage account has " + place_.shown +
           "? Set AZURE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING, or use a location like "
           "https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX");
  }

  void read_url() {
    Url url = Url::parse(location_);
    require_safe(url);
    url_sas_.assign(as_bytes(url.query).begin(), as_bytes(url.query).end());
    OPENSSL_cleanse(url.query.data(), url.query.size());
    url.query.clear();
    place_.shown = url.shown();
    while (place_.shown.ends_with('/')) place_.shown.pop_back();
    std::string_view rest = std::string_view(url.path).substr(1);
    const auto take_part = [&] {
      const size_t slash = std::min(rest.find('/'), rest.size());
      const std::string part(rest.substr(0, slash));
      rest.remove_prefix(std::min(slash + 1, rest.size()));
      return part;
    };
    std::string path;
    if (has_account_in_path(url, rest.substr(0, rest.find('/')))) {
      place_.account = take_part();
      path = "/" + place_.account;
    } else {
      place_.account =
          options_.account.empty() ? url.host.substr(0, url.host.find('.')) : options_.account;
    }
    place_.container = percent_decode(take_part());
    place_.prefix = clean_prefix(percent_decode(rest));
    url.path = path;
    place_.endpoint = std::move(url);
  }

  // As emulators have it: at an address, or where the account is named and the host is not its own.
  bool has_account_in_path(const Url& url, std::string_view first) const {
    if (is_address(url.host) || url.host == "localhost") return true;
    const auto is_it = [&](const std::string& account) {
      return !account.empty() && first == account && !url.host.starts_with(account + ".");
    };
    return is_it(options_.account) || is_it(named_account_) ||
           (connection_ && is_it(connection_->account));
  }

  BlobCredentialPtr credential() const {
    if (!options_.account_key.empty()) {
      return shared_key_credential(place_.account, options_.account_key);
    }
    if (!options_.sas.empty()) return sas_credential(options_.sas);
    if (!options_.connection_string.empty()) return of_connection_string();
    if (options_.credential) return token_blob_credential(options_.credential);
    if (!url_sas_.empty()) return sas_credential(url_sas_);
    return of_environment();
  }

  BlobCredentialPtr of_connection_string() const {
    if (connection_->account != place_.account) {
      refuse("the connection string is of the storage account " + connection_->account + ", not " +
             place_.account);
    }
    if (!connection_->account_key.empty()) {
      return shared_key_credential(place_.account, connection_->account_key);
    }
    return connection_->sas.empty() ? nullptr : sas_credential(connection_->sas);
  }

  BlobCredentialPtr of_environment() const {
    if (named_account_.empty() || named_account_ == place_.account) {
      const SecretBytes key = secret_of(environment_, {"AZURE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"});
      if (!key.empty()) return shared_key_credential(place_.account, key);
      const SecretBytes sas =
          secret_of(environment_, {"AZURE_ACCOUNT_SAS", "AZURE_STORAGE_SAS_TOKEN"});
      if (!sas.empty()) return sas_credential(sas);
    }
    if (connection_ && connection_->account == place_.account) return of_connection_string();
    return nullptr;
  }

  const std::string_view location_;
  const AzureBlobOptions& options_;
  const Environment& environment_;
  ContainerPlace place_;
  std::string named_account_;
  std::optional<ConnectionString> connection_;
  std::optional<Endpoint> connection_endpoint_;
  SecretBytes url_sas_;
};

}  // namespace

void require_safe(const Url& url) {
  if (url.tls || is_loopback(url.host)) return;
  refuse(url.shown() + " has no TLS: use https; http is for an emulator on this machine only");
}

Url ContainerPlace::url_of(std::string_view path) const {
  Url url = endpoint;
  url.path.append("/").append(container);
  if (path.empty()) return url;
  if (!prefix.empty()) url.path.append("/").append(percent_encode(prefix, true));
  url.path.append("/").append(percent_encode(path, true));
  return url;
}

std::optional<ContainerPlace> secondary_of(ContainerPlace place) {
  constexpr const char* suffix = "-secondary";
  Url& url = place.endpoint;
  if (!url.path.empty()) {
    url.path += suffix;
  } else if (url.host.starts_with(place.account + ".")) {
    url.host.insert(place.account.size(), suffix);
  } else {
    return std::nullopt;
  }
  place.shown += " (second copy)";
  place.is_secondary = true;
  return place;
}

ContainerPlace find_place(std::string_view location, const AzureBlobOptions& options,
                          const Environment& environment) {
  return Finder(location, options, environment).find();
}

}  // namespace sapdr::core
