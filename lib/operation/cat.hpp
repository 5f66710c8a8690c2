// Cat: single objects as they are, for people who want to look.
#pragma once

#include <functional>
#include <string_view>

#include "observe/progress.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// `type`: "config", "index", "snapshot", "key", "lock", "blob", "pack", "masterkey". `name`: id or
// prefix. Throws Code::invalid_argument for another type.
SecretBytes cat(Repository& repository, std::string_view type, std::string_view name,
                Progress& progress);

// Every object of `type`: "key", "lock", "snapshot", "index", "pack", "blob".
void list_objects(Repository& repository, std::string_view type,
                  const std::function<void(std::string_view id, uint64_t size)>& each,
                  Progress& progress);

}  // namespace sapdr::core
