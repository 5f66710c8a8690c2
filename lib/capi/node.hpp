// A node of a tree as the ABI shows it.
#pragma once

#include <sapdr/tree.h>

#include <string>

#include "format/tree.hpp"

namespace sapdr::capi {

// Borrows from both.
sapdr_node to_c(const std::string& path, const core::Node& node);

}  // namespace sapdr::capi
