#include "storage/azure_blob/azure_blob.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/number.hpp"
#include "checksum/crc64.hpp"
#include "net/azure/credential.hpp"
#include "storage/azure_blob/blob_client.hpp"
#include "storage/azure_blob/blob_list.hpp"
#include "storage/azure_blob/examine.hpp"
#include "storage/azure_blob/http_date.hpp"
#include "storage/layout.hpp"

namespace sapdr::core {

namespace {

constexpr unsigned default_connections = 8;
constexpr unsigned spare_connections = 2;  // locks are refreshed while all others are busy
constexpr uint64_t largest_blob = 5000ULL * 1024 * 1024;
constexpr const char* page_size = "5000";
constexpr uint64_t longest_failure = 64 * 1024;  // its body

const char* to_string(AccessTier tier) {
  switch (tier) {
    case AccessTier::of_account:
      return "";
    case AccessTier::hot:
      return "Hot";
    case AccessTier::cool:
      return "Cool";
    case AccessTier::cold:
      return "Cold";
    case AccessTier::archive:
      return "Archive";
  }
  return "";
}

unsigned connections_of(const AzureBlobOptions& options) {
  return options.connections == 0 ? default_connections : options.connections;
}

// The size of the whole blob, which an answer with a part of it tells: "bytes 0-99/1234".
std::optional<uint64_t> whole_size(const HttpResponse& response) {
  const std::string* range = response.headers.find("Content-Range");
  if (range == nullptr) return std::nullopt;
  return parse_number<uint64_t>(
      std::string_view(*range).substr(std::min(range->find('/') + 1, range->size())));
}

std::string crc64_header(ByteView data) {
  Bytes crc(sizeof(uint64_t));
  store_le(crc.data(), crc64(data));
  return to_base64(crc);
}

class AzureBlobBackend final : public Backend {
 public:
  AzureBlobBackend(ContextPtr context, const ContainerPlace& place, const AzureBlobOptions& options)
      : context_(std::move(context)),
        http_options_(http_options(options)),
        http_(make_http_client(context_, http_options_)),
        client_(context_, http_, place),
        pack_tier_(options.pack_tier),
        rehydrate_fast_(options.rehydrate_fast),
        connections_(connections_of(options)),
        management_{options.account_id, options.management_endpoint, nullptr} {}

  std::string location() const override { return client_.place().shown; }
  unsigned max_parallel() const override { return connections_; }
  bool is_remote() const override { return true; }
  bool is_read_only() const override { return client_.place().is_secondary; }

  void create() override;
  bool exists(const FileName& file) override;
  uint64_t size_of(const FileName& file) override;
  void load(const FileName& file, uint64_t offset, ByteSpan out) override;
  Bytes load_all(const FileName& file, uint64_t limit) override;
  void save(const FileName& file, ByteView data) override;
  void list(FileType type, const ObjectVisitor& each) override;
  void erase(const FileName& file) override;
  void warm_up(const FileName& file) override;
  StorageFacts facts() override;

 private:
  void require_writable() const;
  HttpRequest request_for(const char* method, const FileName& file) const;
  HttpResponse look_at(const FileName& file) const;
  uint64_t size_in(const HttpResponse& response, const FileName& file) const;
  void require_whole(const HttpResponse& response, const std::string& what, uint64_t limit) const;
  Error cut_short(const std::string& what, const std::string& how) const;
  BlobPage list_page(const std::string& prefix, const std::string& marker, const char* limit) const;
  void list_config(const ObjectVisitor& each) const;

  const ContextPtr context_;
  const HttpOptions http_options_;
  const HttpClientPtr http_;
  const BlobClient client_;
  const AccessTier pack_tier_;
  const bool rehydrate_fast_;
  const unsigned connections_;
  const ManagementOptions management_;
};

HttpRequest AzureBlobBackend::request_for(const char* method, const FileName& file) const {
  require_valid(file);
  HttpRequest request;
  request.method = method;
  request.url = client_.place().url_of(path_of(file));
  return request;
}

void AzureBlobBackend::require_writable() const {
  if (!is_read_only()) return;
  throw Error(Code::network, location() + " can only be read: nothing can be stored or removed");
}

// A SAS of the container, or a role for its data only, may not create it: that it can be listed is
// enough then.
void AzureBlobBackend::create() {
  require_writable();
  HttpRequest request;
  request.method = "PUT";
  request.url = client_.place().url_of({});
  request.url.add_query("restype", "container");
  const HttpResponse response = client_.send(std::move(request));
  if (is_success(response) || error_code_of(response) == "ContainerAlreadyExists") return;
  const Error failure =
      client_.failure(response, "create the container " + client_.place().container);
  if (failure.code() != Code::permission && failure.code() != Code::auth) throw failure;
  try {
    list_page({}, {}, "1");
  } catch (const Error&) {
    throw failure;
  }
}

HttpResponse AzureBlobBackend::look_at(const FileName& file) const {
  return client_.send(request_for("HEAD", file));
}

uint64_t AzureBlobBackend::size_in(const HttpResponse& response, const FileName& file) const {
  const std::string what = "look at " + core::to_string(file);
  if (!is_success(response)) throw client_.failure(response, what);
  const std::string* header = response.headers.find("Content-Length");
  const auto size = header == nullptr ? std::nullopt : parse_number<uint64_t>(*header);
  if (size) return *size;
  throw cut_short(what, "the answer does not tell the size");
}

Error AzureBlobBackend::cut_short(const std::string& what, const std::string& how) const {
  return Error(Code::network,
               "could not " + what + " in " + location() + ": " + how + "; is a proxy in between?",
               Retry::maybe);
}

bool AzureBlobBackend::exists(const FileName& file) {
  const HttpResponse response = look_at(file);
  if (is_success(response)) return true;
  const Error failure = client_.failure(response, "look for " + core::to_string(file));
  if (failure.code() == Code::not_found) return false;
  throw failure;
}

uint64_t AzureBlobBackend::size_of(const FileName& file) {
  return size_in(look_at(file), file);
}

void AzureBlobBackend::load(const FileName& file, uint64_t offset, ByteSpan out) {
  const std::string what = "load " + core::to_string(file);
  const auto require_reach = [&] {
    const uint64_t size = size_of(file);
    if (offset <= size && out.size() <= size - offset) return;
    throw Error(Code::corrupt, "could not " + what + " in " + location() +
                                   ": it is shorter than expected: it has " + std::to_string(size) +
                                   " bytes");
  };
  // There is no range without bytes, nor one whose end has no number.
  if (out.empty() || offset > UINT64_MAX - out.size()) return require_reach();
  HttpRequest request = request_for("GET", file);
  request.headers.set(
      "Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + out.size() - 1));
  request.into = out;
  try {
    const HttpResponse response = client_.send(std::move(request));
    if (response.status == 206 || response.status == 200) return;
    throw client_.failure(response, what);
  } catch (const Error& error) {
    // The service cuts a range at the end of the blob: to the client that is a short answer.
    if (error.code() == Code::network && error.detail("http_status") == nullptr) require_reach();
    throw;
  }
}

// By one request, where a look at the size and a load would be two: a byte more is asked for than
// may come.
Bytes AzureBlobBackend::load_all(const FileName& file, uint64_t limit) {
  const std::string what = "load " + core::to_string(file);
  limit = std::min(limit, largest_blob);
  HttpRequest request = request_for("GET", file);
  request.headers.set("Range", "bytes=0-" + std::to_string(limit));
  request.max_body = std::max(limit + 1, longest_failure);
  HttpResponse response = client_.send(std::move(request));
  // In an empty blob nothing begins, not even at its beginning.
  if (response.status == 416 && error_code_of(response) == "InvalidRange") return {};
  if (response.status != 206 && response.status != 200) throw client_.failure(response, what);
  require_whole(response, what, limit);
  return std::move(response.body);
}

void AzureBlobBackend::require_whole(const HttpResponse& response, const std::string& what,
                                     uint64_t limit) const {
  const uint64_t size = response.body.size();
  if (size > limit) {
    throw Error(Code::corrupt, "could not " + what + " in " + location() +
                                   ": it is too big, at most " + std::to_string(limit) +
                                   " bytes make sense");
  }
  if (response.status == 206 && whole_size(response) != size) {
    throw cut_short(what, "a part of it came");
  }
}

void AzureBlobBackend::save(const FileName& file, ByteView data) {
  require_writable();
  const std::string what = "store " + core::to_string(file);
  if (data.size() > largest_blob) {
    throw Error(Code::unsupported, "could not " + what + ": it has " + std::to_string(data.size()) +
                                       " bytes, and a blob at most " +
                                       std::to_string(largest_blob));
  }
  HttpRequest request = request_for("PUT", file);
  request.headers.set("x-ms-blob-type", "BlockBlob");
  request.headers.set("If-None-Match", "*");
  request.headers.set("Content-Type", "application/octet-stream");
  request.headers.set("x-ms-content-crc64", crc64_header(data));
  if (file.type == FileType::pack && !file.holds_trees && pack_tier_ != AccessTier::of_account) {
    request.headers.set("x-ms-access-tier", to_string(pack_tier_));
  }
  request.body = data;
  const HttpResponse response = client_.send(std::move(request));
  if (!is_success(response)) throw client_.failure(response, what);
}

void AzureBlobBackend::erase(const FileName& file) {
  require_writable();
  HttpRequest request = request_for("DELETE", file);
  request.headers.set("x-ms-delete-snapshots", "include");
  const HttpResponse response = client_.send(std::move(request));
  if (!is_success(response)) throw client_.failure(response, "erase " + core::to_string(file));
}

// Back to the tier that packs have here, or to Hot.
void AzureBlobBackend::warm_up(const FileName& file) {
  require_writable();
  const bool has_tier = pack_tier_ != AccessTier::of_account && pack_tier_ != AccessTier::archive;
  HttpRequest request = request_for("PUT", file);
  request.url.add_query("comp", "tier");
  request.headers.set("x-ms-access-tier", to_string(has_tier ? pack_tier_ : AccessTier::hot));
  request.headers.set("x-ms-rehydrate-priority", rehydrate_fast_ ? "High" : "Standard");
  const HttpResponse response = client_.send(std::move(request));
  if (is_success(response) || error_code_of(response) == "BlobBeingRehydrated") return;
  throw client_.failure(response, "rehydrate " + core::to_string(file));
}

BlobPage AzureBlobBackend::list_page(const std::string& prefix, const std::string& marker,
                                     const char* limit) const {
  HttpRequest request;
  request.url = client_.place().url_of({});
  request.url.add_query("restype", "container");
  request.url.add_query("comp", "list");
  request.url.add_query("maxresults", limit);
  if (!prefix.empty()) request.url.add_query("prefix", prefix);
  if (!marker.empty()) request.url.add_query("marker", marker);
  const HttpResponse response = client_.send(std::move(request));
  if (!is_success(response)) {
    throw client_.failure(response, "list the objects below \"" + prefix + "\"");
  }
  return parse_blob_page(response.body);
}

void AzureBlobBackend::list_config(const ObjectVisitor& each) const {
  const FileName config{FileType::config, ""};
  const HttpResponse response = look_at(config);
  if (response.status == 404 && error_code_of(response) == "BlobNotFound") return;
  const uint64_t size = size_in(response, config);
  const std::string* modified = response.headers.find("Last-Modified");
  each({"", size, modified == nullptr ? 0 : parse_http_date(*modified).value_or(0)});
}

// What lies there under other names is not ours, as in a folder.
void AzureBlobBackend::list(FileType type, const ObjectVisitor& each) {
  if (type == FileType::config) return list_config(each);
  std::string prefix = client_.place().prefix;
  if (!prefix.empty()) prefix += '/';
  const size_t own_names = prefix.size();
  prefix.append(folder_of(type)).append("/");
  std::string marker;
  do {
    const BlobPage page = list_page(prefix, marker, page_size);
    for (const ListedBlob& blob : page.blobs) {
      const std::string_view path = blob.name;
      const FileName file{type, std::string(path.substr(path.rfind('/') + 1))};
      if (!is_object_name(file.name) || path.size() < own_names) continue;
      if (path.substr(own_names) == path_of(file)) {
        each({file.name, blob.size, blob.modified, blob.warmth});
      }
    }
    if (!page.next.empty() && page.next == marker) {
      throw Error(Code::network, "the list of " + location() + " does not end", Retry::maybe);
    }
    marker = page.next;
  } while (!marker.empty());
}

// AZURE_FORCE_CLI_CREDENTIAL is restic's: whoever is logged in with az, and nobody else.
AzureIdentitySettings identity(const Environment& environment) {
  AzureIdentitySettings settings = azure_identity_settings(environment);
  constexpr const char* forced = "AZURE_FORCE_CLI_CREDENTIAL";
  const char* value = environment ? environment(forced) : std::getenv(forced);
  if (value != nullptr && std::string_view(value) == "true") {
    settings.kind = AzureCredentialKind::azure_cli;
  }
  return settings;
}

// A key or a SAS cannot ask who manages the account. If the account is named for that, an identity
// of the environment is meant to.
StorageFacts AzureBlobBackend::facts() {
  ManagementOptions management = management_;
  if (!management.account_id.empty() && !client_.place().credential->identity()) {
    management.identity = make_azure_credential(context_, identity({}), http_options_);
  }
  return examine_account(context_, http_, client_, management);
}

}  // namespace

HttpOptions http_options(const AzureBlobOptions& options) {
  HttpOptions http;
  http.max_connections = connections_of(options) + spare_connections;
  http.timeouts = options.timeouts;
  http.proxy = options.proxy;
  http.ca_file = options.ca_file;
  return http;
}

ContainerPlace open_place(const ContextPtr& context, std::string_view location,
                          const AzureBlobOptions& options, const Environment& environment) {
  ContainerPlace place = find_place(location, options, environment);
  if (!place.credential) {
    place.credential = token_blob_credential(
        make_azure_credential(context, identity(environment), http_options(options)));
  }
  return place;
}

BackendPtr open_azure_blob(const ContextPtr& context, const ContainerPlace& place,
                           const AzureBlobOptions& options) {
  return std::make_shared<AzureBlobBackend>(context, place, options);
}

BackendPtr open_azure_blob(const ContextPtr& context, std::string_view location,
                           const AzureBlobOptions& options, const Environment& environment) {
  return open_azure_blob(context, open_place(context, location, options, environment), options);
}

}  // namespace sapdr::core
