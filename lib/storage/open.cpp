#include "storage/open.hpp"

#include <algorithm>

#include "storage/azure_blob/azure_blob.hpp"
#include "storage/azure_blob/replication.hpp"
#include "storage/local.hpp"
#include "storage/memory.hpp"
#include "storage/secondary.hpp"

namespace sapdr::core {

namespace {

constexpr const char* use =
    "use a path, local:PATH, azure:CONTAINER:/PATH, an https URL or memory:";

// "azure" of "azure:container"; empty for a path, also for one with a colon behind a slash.
std::string_view scheme_of(std::string_view location) {
  const size_t end = location.find_first_of(":/");
  if (end == std::string_view::npos || location[end] == '/') return {};
  return location.substr(0, end);
}

// For how long a first copy is asked again before the second one is read: people wait for a
// restore.
constexpr std::chrono::minutes patience_with_primary(1);

DescribeLag lag_of(const ContextPtr& context, const ContainerPlace& secondary,
                   const AzureBlobOptions& options) {
  return [=] {
    const BlobClient client(context, make_http_client(context, http_options(options)), secondary);
    const std::optional<UnixNs> time = last_sync_time(client);
    return time ? "which has all that was stored before " + format_time(*time)
                : std::string("whose age the service does not tell");
  };
}

}  // namespace

BackendPtr open_azure(const ContextPtr& context, std::string_view location,
                      const AzureBlobOptions& options, const std::optional<RetryOptions>& retry,
                      const LimitOptions& limit) {
  const ContainerPlace place = open_place(context, location, options, {});
  const auto open = [&](const ContainerPlace& at, const std::optional<RetryOptions>& retries) {
    BackendPtr backend = open_azure_blob(context, at, options);
    if (limit.upload != 0 || limit.download != 0) backend = with_limit(std::move(backend), limit);
    return retries ? with_retry(context, std::move(backend), *retries) : backend;
  };
  if (options.secondary == ReadSecondary::never) return open(place, retry);
  const std::optional<ContainerPlace> secondary = secondary_of(place);
  if (options.secondary == ReadSecondary::only) {
    if (secondary) return open(*secondary, retry);
    throw Error(Code::invalid_argument,
                place.shown + " does not name the storage account: where is its second copy?");
  }
  if (!secondary) return open(place, retry);
  std::optional<RetryOptions> before_turning = retry;
  if (retry) {
    before_turning->max_elapsed =
        std::min<std::chrono::nanoseconds>(retry->max_elapsed, patience_with_primary);
  }
  return with_secondary(context, open(place, before_turning), open(*secondary, retry),
                        lag_of(context, *secondary, options));
}

BackendPtr open_backend(const ContextPtr& context, std::string_view location) {
  const std::string_view scheme = scheme_of(location);
  const bool has_scheme = !scheme.empty();
  const std::string_view rest = has_scheme ? location.substr(scheme.size() + 1) : location;

  if (scheme == "memory" && rest.empty()) return open_memory();
  if (scheme == "azure" || scheme == "https" || scheme == "http") {
    return open_azure(context, location, {});
  }
  if (has_scheme && scheme != "local") {
    // The rest may hold a password.
    throw Error(Code::unsupported, "storage \"" + std::string(scheme) + ":\" is not known: " + use);
  }
  if (rest.empty()) {
    throw Error(Code::invalid_argument,
                std::string("the location of the storage is empty: ") + use);
  }
  return open_local(std::string(rest));
}

}  // namespace sapdr::core
