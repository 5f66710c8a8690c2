#include "repository/load_named.hpp"

#include "checksum/sha256.hpp"

namespace sapdr::core {

Bytes load_named(Backend& backend, const FileName& file, const Id& name, uint64_t limit) {
  Bytes stored = backend.load_all(file, limit);
  if (sha256(stored) != name) stored = backend.load_all(file, limit);
  return stored;
}

}  // namespace sapdr::core
