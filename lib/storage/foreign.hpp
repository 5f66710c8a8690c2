// A table of functions of the caller's as a backend. What comes from it is not trusted.
#pragma once

#include <sapdr/ext/backend.h>

#include <memory>
#include <string>

#include "storage/backend.hpp"

namespace sapdr::core {

// What a function of the table failed with: its status and `given`, which may be null and is taken
// over.
using TakeError = Error (*)(sapdr_status status, sapdr_error* given, const std::string& what);

// The table's `free` is not called: `owner` is kept as long as the backend, and goes last. Throws
// Code::invalid_argument if a function is missing.
BackendPtr open_foreign(const sapdr_backend_table& table, TakeError take_error,
                        std::shared_ptr<void> owner);

}  // namespace sapdr::core
