// Storage that must not take the whole line.
#pragma once

#include <cstdint>

#include "storage/backend.hpp"

namespace sapdr::core {

struct LimitOptions {
  uint64_t upload = 0;  // bytes a second; 0: no limit
  uint64_t download = 0;
};

// Saves and loads wait until their bytes may pass; the rates are those of all threads together.
// Within a save or load the line is used as fast as it is. A cancelled operation waits no longer:
// Code::cancelled.
BackendPtr with_limit(BackendPtr inner, const LimitOptions& options);

}  // namespace sapdr::core
