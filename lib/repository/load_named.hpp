// Objects that are named by their hash, as they are stored.
#pragma once

#include "base/error.hpp"
#include "base/id.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

struct NamedObject {
  Bytes stored;
  bool is_right = false;  // whether its hash is its name
};

// The whole of an object. If it is not right it is read once more, as it may have been damaged on
// the way only. Throws what Backend::load_all does.
NamedObject load_named(Backend& backend, const FileName& file, const Id& name, uint64_t limit);

// Whether an error says that a stored object is damaged or missing, and not that it cannot be read
// now, or by us.
bool is_damage(const Error& error);

}  // namespace sapdr::core
