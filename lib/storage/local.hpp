// Objects as files in a folder, laid out as restic does (storage/layout.hpp).
#pragma once

#include "storage/backend.hpp"

namespace sapdr::core {

BackendPtr open_local(std::string path);

}  // namespace sapdr::core
