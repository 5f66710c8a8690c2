// Objects as files in a folder, laid out as restic does:
//   config  keys/ID  locks/ID  snapshots/ID  index/ID  data/ab/abcd…  sapdr/verified/ID
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

BackendPtr open_local(std::string path);

}  // namespace sapdr::core
