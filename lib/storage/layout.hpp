// Where restic keeps objects, as paths below the repository:
//   config  keys/ID  locks/ID  snapshots/ID  index/ID  data/ab/abcd…  sapdr/verified/ID
#pragma once

#include <string>

#include "storage/backend.hpp"

namespace sapdr::core {

// The folder of a type, "data"; "" for the config.
const char* folder_of(FileType type);
// The folder of one object, "data/ab", and its name in there. Without a slash at the end.
std::string folder_of(const FileName& file);
std::string leaf_of(const FileName& file);
// "data/ab/abcd…"
std::string path_of(const FileName& file);

}  // namespace sapdr::core
