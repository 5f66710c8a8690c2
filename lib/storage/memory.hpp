// Objects in memory: for tests, and for programs that move repositories themselves.
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

BackendPtr open_memory();

}  // namespace sapdr::core
