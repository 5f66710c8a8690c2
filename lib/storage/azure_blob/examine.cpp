#include "storage/azure_blob/examine.hpp"

#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "storage/azure_blob/http_date.hpp"
#include "storage/azure_blob/management.hpp"
#include "storage/azure_blob/management_answers.hpp"
#include "storage/azure_blob/replication.hpp"
#include "storage/azure_blob/service_properties.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view packs = "data/";
constexpr std::string_view locks = "locks/";

// Whether it says nothing about what was asked.
bool ends_all(const Error& error) {
  return error.code() == Code::cancelled || error.code() == Code::no_memory ||
         error.code() == Code::internal;
}

// The answer of `ask`, or the error that it ended in.
template <class Ask>
auto answer_to(Ask ask) -> Answered<decltype(ask())> {
  try {
    return ask();
  } catch (const Error& error) {
    if (ends_all(error)) throw;
    return error;
  }
}

// The same, but what may pass is thrown: all is asked again.
template <class Ask>
auto lasting_answer_to(Ask ask) -> Answered<decltype(ask())> {
  try {
    return ask();
  } catch (const Error& error) {
    if (error.retry() != Retry::never || ends_all(error)) throw;
    return error;
  }
}

bool is_true(const HttpResponse& response, std::string_view header) {
  const std::string* value = response.headers.find(header);
  return value != nullptr && *value == "true";
}

std::string text_of(const HttpResponse& response, std::string_view header) {
  const std::string* value = response.headers.find(header);
  return value == nullptr ? std::string() : *value;
}

class Examiner {
 public:
  Examiner(const ContextPtr& context, const HttpClientPtr& http, const BlobClient& client)
      : context_(context), http_(http), client_(client) {}

  StorageFacts examine(const ManagementOptions& management) {
    AccountFacts facts;
    const ContainerPlace& place = client_.place();
    facts.account = place.account;
    facts.container = place.container;
    facts.prefix = place.prefix;
    facts.credential = place.credential->name();
    facts.credential_expires = place.credential->expires();
    facts.container_facts = ask_container();
    facts.sku = lasting_answer_to([&] { return ask_sku(); });
    facts.soft_delete_days = lasting_answer_to([&] { return ask_soft_delete(); });
    probe(facts.permissions);
    ask_management(management, facts);
    ask_secondary(facts);
    return {clock_ahead_, std::nullopt, std::move(facts)};
  }

 private:
  HttpResponse send(HttpRequest request);
  HttpResponse require(HttpRequest request, const std::string& what);
  HttpRequest of_account(std::string_view restype, std::string_view comp) const;
  HttpRequest of_container(const char* method) const;
  HttpRequest of_blob(const char* method, std::string_view folder) const;

  Answered<ContainerFacts> ask_container();
  std::string ask_sku();
  uint32_t ask_soft_delete();
  void ask_secondary(AccountFacts& facts) const;
  void ask_management(const ManagementOptions& options, AccountFacts& facts) const;
  static void ask_manager(const AccountManager& manager, AccountFacts& facts);

  Permission may(HttpRequest request, const char* what);
  HttpRequest creation(std::string_view folder) const;
  void probe(Permissions& permissions);

  const ContextPtr& context_;
  const HttpClientPtr& http_;
  const BlobClient& client_;
  std::optional<int64_t> clock_ahead_;
};

HttpResponse Examiner::send(HttpRequest request) {
  HttpResponse response = client_.send(std::move(request));
  const std::optional<UnixNs> date = parse_http_date(text_of(response, "Date"));
  if (date) clock_ahead_ = now_ns() - *date;
  return response;
}

HttpResponse Examiner::require(HttpRequest request, const std::string& what) {
  HttpResponse response = send(std::move(request));
  if (!is_success(response)) throw client_.failure(response, what);
  return response;
}

HttpRequest Examiner::of_account(std::string_view restype, std::string_view comp) const {
  HttpRequest request;
  request.url = client_.place().endpoint;
  request.url.path += "/";
  request.url.add_query("restype", restype);
  request.url.add_query("comp", comp);
  return request;
}

HttpRequest Examiner::of_container(const char* method) const {
  HttpRequest request;
  request.method = method;
  request.url = client_.place().url_of({});
  request.url.add_query("restype", "container");
  return request;
}

// Of a blob that does not exist, and whose name is that of no object.
HttpRequest Examiner::of_blob(const char* method, std::string_view folder) const {
  std::array<std::byte, 16> number;
  context_->random(number);
  HttpRequest request;
  request.method = method;
  request.url = client_.place().url_of(std::string(folder) + "doctor-" + to_hex(number));
  return request;
}

Answered<ContainerFacts> Examiner::ask_container() {
  const HttpResponse response = send(of_container("HEAD"));
  if (is_success(response)) {
    return ContainerFacts{text_of(response, "x-ms-blob-public-access"),
                          is_true(response, "x-ms-has-immutability-policy"),
                          is_true(response, "x-ms-has-legal-hold"),
                          is_true(response, "x-ms-immutable-storage-with-versioning-enabled")};
  }
  Error failure = client_.failure(response, "look at the container " + client_.place().container);
  if (failure.retry() != Retry::never || failure.code() == Code::not_found) throw failure;
  return failure;
}

std::string Examiner::ask_sku() {
  const HttpResponse response =
      require(of_account("account", "properties"), "ask for the redundancy of the account");
  std::string sku = text_of(response, "x-ms-sku-name");
  if (sku.empty()) throw Error(Code::unsupported, "the service does not tell the redundancy");
  return sku;
}

uint32_t Examiner::ask_soft_delete() {
  const HttpResponse response =
      require(of_account("service", "properties"), "ask for the soft delete of the account");
  return parse_soft_delete_days(response.body);
}

void Examiner::ask_secondary(AccountFacts& facts) const {
  const std::string* sku = facts.sku.value();
  if (sku == nullptr || sku->find("_RA") == std::string::npos) return;
  facts.last_sync = answer_to([&]() -> std::optional<UnixNs> {
    const std::optional<ContainerPlace> secondary = secondary_of(client_.place());
    if (!secondary) throw Error(Code::unsupported, "the location does not name the account");
    return last_sync_time(BlobClient(context_, http_, *secondary));
  });
}

// Of what the data plane did not tell, this is the second source. Another service, which need not
// be reachable from where backups run: whatever goes wrong with it, the rest is told.
void Examiner::ask_management(const ManagementOptions& options, AccountFacts& facts) const {
  const ContainerPlace& place = client_.place();
  const TokenCredentialPtr identity =
      options.identity ? options.identity : place.credential->identity();
  const auto unknown = [&](const Error& why) {
    facts.has_versions = why;
    facts.container_soft_delete_days = why;
    facts.lifecycle = why;
  };
  if (!identity) {
    return unknown(Error(Code::auth, place.credential->name() +
                                         " cannot ask Azure Resource Manager, an identity of "
                                         "Microsoft Entra ID can"));
  }
  AccountManager manager(
      http_, identity,
      find_management(options.endpoint, place.endpoint.host, place.account, options.account_id));
  try {
    manager.find_account();
  } catch (const Error& error) {
    if (ends_all(error)) throw;
    return unknown(error);
  }
  ask_manager(manager, facts);
}

void Examiner::ask_manager(const AccountManager& manager, AccountFacts& facts) {
  const Answered<BlobServiceAnswer> service =
      answer_to([&] { return parse_blob_service(as_text(manager.get("/blobServices/default"))); });
  if (const BlobServiceAnswer* told = service.value()) {
    facts.has_versions = told->has_versions;
    facts.container_soft_delete_days = told->container_soft_delete_days;
    if (facts.soft_delete_days.value() == nullptr) facts.soft_delete_days = told->soft_delete_days;
  } else {
    const Error why(Code::unsupported, service.why());
    facts.has_versions = why;
    facts.container_soft_delete_days = why;
  }
  if (facts.sku.value() == nullptr) {
    facts.sku = answer_to([&] { return parse_account_sku(as_text(manager.get(""))); });
  }
  facts.lifecycle = answer_to([&]() -> std::vector<LifecycleRule> {
    try {
      return parse_lifecycle(as_text(manager.get("/managementPolicies/default")));
    } catch (const Error& error) {
      if (error.code() == Code::not_found) return {};  // no rules were ever made
      throw;
    }
  });
}

// That the blob is missing, or a condition not met, is what is said to those who may.
Permission Examiner::may(HttpRequest request, const char* what) {
  const HttpResponse response = send(std::move(request));
  if (is_success(response)) return {true, {}};
  const Error failure = client_.failure(response, what);
  switch (failure.code()) {
    case Code::not_found:
    case Code::exists:
    case Code::invalid_state:
      return {true, {}};
    case Code::permission:
    case Code::auth:
      return {false, failure.message()};
    default:
      if (failure.retry() != Retry::never) throw failure;
      return {std::nullopt, failure.message()};
  }
}

// A blob that is only stored if it replaces one which is not there.
HttpRequest Examiner::creation(std::string_view folder) const {
  HttpRequest request = of_blob("PUT", folder);
  request.headers.set("x-ms-blob-type", "BlockBlob");
  request.headers.set("If-Match", "\"0x0\"");
  return request;
}

void Examiner::probe(Permissions& permissions) {
  permissions.read = may(of_blob("HEAD", packs), "read");
  HttpRequest list = of_container("GET");
  list.url.add_query("comp", "list");
  list.url.add_query("maxresults", "1");
  permissions.list = may(std::move(list), "list");
  if (client_.place().is_secondary) return;  // nobody may do more there
  permissions.create = may(creation(packs), "store a pack");
  permissions.create_locks = may(creation(locks), "store a lock");
  HttpRequest overwrite = of_blob("PUT", packs);
  overwrite.url.add_query("comp", "metadata");
  permissions.overwrite = may(std::move(overwrite), "change what is there");
  permissions.erase = may(of_blob("DELETE", packs), "remove a pack");
  permissions.erase_locks = may(of_blob("DELETE", locks), "remove a lock");
}

}  // namespace

StorageFacts examine_account(const ContextPtr& context, const HttpClientPtr& http,
                             const BlobClient& client, const ManagementOptions& management) {
  return Examiner(context, http, client).examine(management);
}

}  // namespace sapdr::core
