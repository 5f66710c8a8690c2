#include "storage.hpp"

#include <charconv>
#include <list>
#include <string_view>

#include "failure.hpp"
#include "parse.hpp"
#include "settings.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

bool is_in_azure(const std::string& location) {
  for (const char* scheme : {"azure:", "https:", "http:"}) {
    if (location.rfind(scheme, 0) == 0) return true;
  }
  return false;
}

std::uint32_t number(const std::string& name, const std::string& value) {
  std::uint32_t number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && rest == end) return number;
  throw usage_error("-o " + name + ": \"" + shown(value) + "\" is not a number");
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::int64_t time_limit(const std::string& name, const std::string& value) {
  const std::int64_t limit = parse_duration("-o " + name, value);
  if (limit > 0) return limit;
  throw usage_error("-o " + name + ": \"" + shown(value) + "\" is no time at all");
}

// What options borrow.
using Texts = std::list<std::string>;

void set(sapdr_azure_options& options, const std::string& name, const std::string& value,
         Texts& texts) {
  if (name == "azure.connections") {
    options.connections = number(name, value);
  } else if (name == "azure.access-tier") {
    options.pack_tier = parse_choice("-o azure.access-tier", lower(value),
                                     {{"hot", SAPDR_AZURE_TIER_HOT},
                                      {"cool", SAPDR_AZURE_TIER_COOL},
                                      {"cold", SAPDR_AZURE_TIER_COLD},
                                      {"archive", SAPDR_AZURE_TIER_ARCHIVE}});
  } else if (name == "azure.secondary") {
    options.secondary = parse_choice("-o azure.secondary", lower(value),
                                     {{"never", SAPDR_AZURE_SECONDARY_NEVER},
                                      {"after-failure", SAPDR_AZURE_SECONDARY_AFTER_FAILURE},
                                      {"only", SAPDR_AZURE_SECONDARY_ONLY}});
  } else if (name == "azure.connect-timeout") {
    options.connect_timeout_ns = time_limit(name, value);
  } else if (name == "azure.first-byte-timeout") {
    options.first_byte_timeout_ns = time_limit(name, value);
  } else if (name == "azure.stall-timeout") {
    options.stall_timeout_ns = time_limit(name, value);
  } else if (name == "azure.rehydrate-priority") {
    options.rehydrate_fast =
        parse_choice("-o azure.rehydrate-priority", lower(value), {{"standard", 0}, {"high", 1}});
  } else if (name == "azure.account-id") {
    options.account_id = texts.emplace_back(value).c_str();
  } else if (name == "azure.management") {
    options.management_endpoint = texts.emplace_back(value).c_str();
  } else {
    throw usage_error("-o: \"" + shown(name) + "\" is not an option")
        .hinted(
            "use azure.connections=N, azure.access-tier=Hot|Cool|Cold|Archive, "
            "azure.secondary=never|after-failure|only, azure.rehydrate-priority=Standard|High, or "
            "azure.connect-timeout, "
            "azure.first-byte-timeout, azure.stall-timeout=DURATION, or for doctor "
            "azure.account-id=ID, azure.management=URL");
  }
}

// All are looked at, also those of storage that is not used: a slip must not go unseen.
sapdr_azure_options azure_options(const StorageOptions& given, Texts& texts) {
  sapdr_azure_options options;
  SAPDR_INIT(&options);
  if (given.only_reads) options.secondary = SAPDR_AZURE_SECONDARY_AFTER_FAILURE;
  for (const std::string& each : given.extended) {
    const size_t equals = each.find('=');
    if (equals == std::string::npos) {
      throw usage_error("-o: \"" + shown(each) + "\" is not NAME=VALUE");
    }
    set(options, lower(each.substr(0, equals)), each.substr(equals + 1), texts);
  }
  options.ca_file = given.ca_file.empty() ? nullptr : given.ca_file.c_str();
  if (!given.retry_for.empty()) {
    options.retry_for_ns = parse_duration("--retry-for", given.retry_for);
    options.no_retry = options.retry_for_ns == 0 ? 1 : 0;
  }
  options.limit_upload = given.limit_upload;
  options.limit_download = given.limit_download;
  return options;
}

// Of storage that makes no call again by itself.
Backend limited(Backend storage, const StorageOptions& given) {
  sapdr_limit_options limit;
  SAPDR_INIT(&limit);
  limit.upload = given.limit_upload;
  limit.download = given.limit_download;
  if (limit.upload == 0 && limit.download == 0) return storage;
  return make<Backend>([&](auto** out, sapdr_error** error) {
    return sapdr_backend_with_limit(out, storage.get(), &limit, error);
  });
}

}  // namespace

Backend open_storage(sapdr_ctx* context, const std::string& location,
                     const StorageOptions& options) {
  Texts texts;
  const sapdr_azure_options azure = azure_options(options, texts);
  if (is_in_azure(location)) {
    return make<Backend>([&](auto** out, sapdr_error** error) {
      return sapdr_backend_open_azure(out, context, location.c_str(), &azure, error);
    });
  }
  return limited(make<Backend>([&](auto** out, sapdr_error** error) {
                   return sapdr_backend_open(out, context, location.c_str(), error);
                 }),
                 options);
}

}  // namespace sapdr::shell
