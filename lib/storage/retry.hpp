// Storage that fails for a moment: calls are made again.
#pragma once

#include "base/retry.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

// Makes calls of `inner` again as Retries does. A save that fails may have stored the object
// nevertheless: if the next one finds it with the same content, it is saved; an erase that then
// finds nothing has erased it. An error with the detail "repeated" comes from a call that was made
// again already.
BackendPtr with_retry(ContextPtr context, BackendPtr inner, const RetryOptions& options = {});

}  // namespace sapdr::core
