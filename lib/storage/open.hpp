// From a location, as users write it, to a backend.
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

// "/srv/repo", "local:/srv/repo", "memory:". Touches nothing. Throws Code::unsupported for another
// scheme, Code::invalid_argument for an empty location.
BackendPtr open_backend(const ContextPtr& context, std::string_view location);

}  // namespace sapdr::core
