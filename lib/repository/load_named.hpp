// Objects that are named by their hash, as they are stored.
#pragma once

#include "base/id.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

// The whole of an object. If it has another hash than `name` it is read once more, as it may have
// been damaged on the way only; the caller finds out whether it is right then. Throws what load_all
// does.
Bytes load_named(Backend& backend, const FileName& file, const Id& name, uint64_t limit);

}  // namespace sapdr::core
