// From a location, as users write it, to a backend.
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

// "/srv/repo", "local:/srv/repo", "memory:", and what azure_blob/place.hpp has, with the
// environment of the process and with retries. Touches nothing. Throws Code::unsupported for
// another scheme, Code::invalid_argument for an empty or malformed location.
BackendPtr open_backend(const ContextPtr& context, std::string_view location);

}  // namespace sapdr::core
