// Azure Blob Storage: a container, and in it objects named as restic names files.
//
// Each object is one block blob that one request writes: it appears whole or not at all, only if
// its name is free, and only if it arrived as it was sent (CRC-64). It is durable when the request
// was answered. Modification times have whole seconds.
#pragma once

#include <string_view>

#include "storage/azure_blob/place.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

// `location` as in place.hpp. Touches nothing. Calls are made once: see with_retry. Throws
// Code::invalid_argument.
BackendPtr open_azure_blob(const ContextPtr& context, std::string_view location,
                           const AzureBlobOptions& options = {},
                           const Environment& environment = {});

// The two steps of it: find_place, with an identity if nothing else opens the place; then a
// backend.
ContainerPlace open_place(const ContextPtr& context, std::string_view location,
                          const AzureBlobOptions& options, const Environment& environment);
BackendPtr open_azure_blob(const ContextPtr& context, const ContainerPlace& place,
                           const AzureBlobOptions& options);

}  // namespace sapdr::core
