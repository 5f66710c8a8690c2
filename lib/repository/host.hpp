// Who writes: the names that keys, locks and snapshots carry.
#pragma once

#include <string>

namespace sapdr::core {

std::string host_name();
// The login name of the process's user; its number as text if it has no name.
std::string user_name();

}  // namespace sapdr::core
