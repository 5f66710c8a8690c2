#include "storage/azure_blob/management.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "net/azure/secret_text.hpp"
#include "storage/azure_blob/management_answers.hpp"
#include "storage/azure_blob/place.hpp"

namespace sapdr::core {

namespace {

constexpr const char* storage_version = "2023-05-01";
constexpr const char* subscriptions_version = "2022-12-01";
constexpr const char* resources_version = "2021-04-01";
constexpr uint64_t largest_answer = 4 * 1024 * 1024;
// More subscriptions, or pages of one list, are not looked through.
constexpr size_t most_pages = 100;

struct Cloud {
  std::string_view blob_suffix;
  const char* manager;
};
constexpr std::array clouds = {
    Cloud{".core.usgovcloudapi.net", "https://management.usgovcloudapi.net"},
    Cloud{".core.chinacloudapi.cn", "https://management.chinacloudapi.cn"},
};
constexpr const char* public_manager = "https://management.azure.com";

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/', 1), path.size());
    parts.push_back(path.substr(1, slash - 1));
    path.remove_prefix(slash);
  }
  return parts;
}

bool is_name(std::string_view text) {
  return !text.empty() && !text.starts_with('.') && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '(' || c == ')';
  });
}

// Whether it is "/subscriptions/S", and all of it are names.
bool is_subscription(std::string_view id) {
  const std::vector<std::string_view> parts = parts_of(id);
  return id.starts_with('/') && parts.size() == 2 && is_same(parts[0], "subscriptions") &&
         is_name(parts[1]);
}

bool is_account(std::string_view id, std::string_view account) {
  constexpr std::array<std::string_view, 8> form = {
      "subscriptions",   "", "resourceGroups", "", "providers", "Microsoft.Storage",
      "storageAccounts", ""};
  const std::vector<std::string_view> parts = parts_of(id);
  if (!id.starts_with('/') || parts.size() != form.size()) return false;
  for (size_t i = 0; i < form.size(); ++i) {
    if (form[i].empty() ? !is_name(parts[i]) : !is_same(parts[i], form[i])) return false;
  }
  return is_same(parts.back(), account);
}

}  // namespace

ManagementPlace find_management(std::string_view given, std::string_view blob_host,
                                std::string account, std::string account_id) {
  const auto cloud = std::ranges::find_if(
      clouds, [&](const Cloud& each) { return blob_host.ends_with(each.blob_suffix); });
  const std::string_view usual = cloud == clouds.end() ? public_manager : cloud->manager;
  ManagementPlace place{Url::parse(given.empty() ? usual : given), std::string(usual) + "/.default",
                        std::move(account), std::move(account_id)};
  require_safe(place.endpoint);
  if (place.endpoint.path != "/" || !place.endpoint.query.empty()) {
    throw Error(Code::invalid_argument,
                place.endpoint.shown() + " cannot be where Azure is managed: it has a path");
  }
  place.endpoint.path.clear();
  if (!place.account_id.empty() && !is_account(place.account_id, place.account)) {
    throw Error(Code::invalid_argument,
                "the resource of the storage account has the form /subscriptions/ID/resourceGroups/"
                "GROUP/providers/Microsoft.Storage/storageAccounts/" +
                    place.account);
  }
  return place;
}

AccountManager::AccountManager(HttpClientPtr http, TokenCredentialPtr identity,
                               ManagementPlace place)
    : http_(std::move(http)), identity_(std::move(identity)), place_(std::move(place)) {}

Url AccountManager::url_of(std::string_view path, std::string_view version) const {
  Url url = place_.endpoint;
  url.path = percent_encode(path, true);
  url.add_query("api-version", version);
  return url;
}

Bytes AccountManager::get(const Url& url) const {
  const AccessToken token = identity_->token(place_.scope);
  HttpRequest request;
  request.url = url;
  request.max_body = largest_answer;
  request.headers.set("Authorization", "Bearer " + token.secret);
  HttpResponse response = http_->send(request);
  wipe_authorization(request);
  if (response.status == 200) return std::move(response.body);
  const std::string code = quoted(parse_management_error(as_text(response.body)), 64);
  const bool is_refused = response.status == 401 || response.status == 403;
  throw Error(response.status == 404 ? Code::not_found
              : is_refused           ? Code::permission
                                     : Code::network,
              "could not read " + url.shown() + " [" + std::to_string(response.status) +
                  (code.empty() ? "" : " " + code) + "] (" + identity_->name() + ")");
}

Bytes AccountManager::get(std::string_view below) const {
  return get(url_of(place_.account_id + std::string(below), storage_version));
}

// Where the next page is, is told by the one before: a token goes nowhere else for that.
std::vector<std::string> AccountManager::all_ids(Url url) const {
  std::vector<std::string> ids;
  for (size_t pages = 0; pages < most_pages; ++pages) {
    ResourcePage page = parse_resources(as_text(get(url)));
    std::ranges::move(page.ids, std::back_inserter(ids));
    if (page.next.empty()) return ids;
    url = Url::parse(page.next);
    if (url.origin() != place_.endpoint.origin()) {
      throw Error(Code::network, "a list of resources goes on at " + url.origin() +
                                     ", which is not where Azure is managed");
    }
  }
  throw Error(Code::unsupported, "the identity sees too much to look through: name the account");
}

void AccountManager::find_account() {
  if (!place_.account_id.empty()) return;
  std::vector<std::string> found;
  for (const std::string& subscription : all_ids(url_of("/subscriptions", subscriptions_version))) {
    if (!is_subscription(subscription)) continue;
    Url url = url_of(subscription + "/resources", resources_version);
    url.add_query("$filter", "resourceType eq 'Microsoft.Storage/storageAccounts' and name eq '" +
                                 place_.account + "'");
    for (std::string& id : all_ids(url)) {
      if (is_account(id, place_.account)) found.push_back(std::move(id));
    }
  }
  if (found.size() > 1) {
    throw Error(Code::ambiguous, "several accounts " + place_.account + " were found: name one");
  }
  if (found.empty()) {
    throw Error(Code::not_found, identity_->name() + " sees no storage account " + place_.account);
  }
  place_.account_id = std::move(found.front());
}

}  // namespace sapdr::core
