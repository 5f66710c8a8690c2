#include "repository/load_named.hpp"

#include "checksum/sha256.hpp"

namespace sapdr::core {

NamedObject load_named(Backend& backend, const FileName& file, const Id& name, uint64_t limit) {
  NamedObject object;
  for (int attempt = 0; attempt < 2 && !object.is_right; ++attempt) {
    object.stored = backend.load_all(file, limit);
    object.is_right = sha256(object.stored) == name;
  }
  return object;
}

bool is_damage(const Error& error) {
  return error.retry() == Retry::never && !is_fatal(error) && error.code() != Code::permission;
}

}  // namespace sapdr::core
