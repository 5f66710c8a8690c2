#include "storage/open.hpp"

#include "storage/azure_blob/azure_blob.hpp"
#include "storage/local.hpp"
#include "storage/memory.hpp"
#include "storage/retry.hpp"

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

}  // namespace

BackendPtr open_backend(const ContextPtr& context, std::string_view location) {
  const std::string_view scheme = scheme_of(location);
  const bool has_scheme = !scheme.empty();
  const std::string_view rest = has_scheme ? location.substr(scheme.size() + 1) : location;

  if (scheme == "memory" && rest.empty()) return open_memory();
  if (scheme == "azure" || scheme == "https" || scheme == "http") {
    return with_retry(context, open_azure_blob(context, location));
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
