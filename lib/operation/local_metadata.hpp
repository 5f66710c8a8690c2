// How a local entry differs from a node, in words.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.hpp"
#include "format/tree.hpp"

namespace sapdr::core {

// Opens a file for reading, without changing its access time where that is allowed. Empty with
// errno set on failure.
Fd open_unnoticed(int dir_fd, const char* name);

// Type, link target, device number: what makes it another thing. Empty if it is the same. Throws if
// a link cannot be read.
std::string difference_in_kind(int dir_fd, const Node& node, const struct stat& st);

// Mode, owner, mtime, extended attributes, number of links. Empty if there is none. `fd`: of the
// file if it is open, else -1. `all_names`: whether all hard links of a file must be there.
std::string difference_in_metadata(int dir_fd, int fd, const Node& node, const struct stat& st,
                                   bool all_names);

}  // namespace sapdr::core
