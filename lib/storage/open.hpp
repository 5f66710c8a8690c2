// From a location, as users write it, to a backend.
#pragma once

#include <optional>

#include "storage/azure_blob/options.hpp"
#include "storage/backend.hpp"
#include "storage/limit.hpp"
#include "storage/retry.hpp"

namespace sapdr::core {

// "/srv/repo", "local:/srv/repo", "memory:", and what azure_blob/place.hpp has, with the
// environment of the process and with retries. Touches nothing. Throws Code::unsupported for
// another scheme, Code::invalid_argument for an empty or malformed location.
BackendPtr open_backend(const ContextPtr& context, std::string_view location);

// The same for Azure, with options. Calls that failed with what may pass are made again as `retry`
// says. With ReadSecondary::after_failure reading turns to the second copy when the first one has
// not answered for a minute, or for as long as `retry` has it if that is less: see secondary.hpp.
// Each attempt keeps to `limit`.
BackendPtr open_azure(const ContextPtr& context, std::string_view location,
                      const AzureBlobOptions& options,
                      const std::optional<RetryOptions>& retry = RetryOptions{},
                      const LimitOptions& limit = {});

}  // namespace sapdr::core
