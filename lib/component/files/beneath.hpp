// Opening what lies below an open folder, however the path is made and whoever changes the tree
// meanwhile: no component may be a link or lead upwards.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace sapdr::core {

// Opens `relative` ("a/b/c"; "" is the folder itself) below `dir_fd`. O_NOFOLLOW, O_CLOEXEC and
// O_NONBLOCK (a fifo must not hang us) are added to `flags`. Empty with errno set on failure:
// ELOOP or ENOTDIR if a component is a link, ENOTDIR if one on the way is no folder.
Fd open_beneath(int dir_fd, std::string_view relative, int flags, unsigned mode = 0);

}  // namespace sapdr::core
