// Storage that stays as it is: what would be written is kept elsewhere.
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

// Saves go to `changes`, an empty backend that nobody else uses; erases are remembered. Reads see
// both over what is in `inner`, where nothing is written. It does not tell when what was saved was
// written: that clock is another one.
BackendPtr with_dry_run(BackendPtr inner, BackendPtr changes);

}  // namespace sapdr::core
