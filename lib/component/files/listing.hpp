// What is in a local folder.
#pragma once

#include <string>
#include <vector>

#include "base/fd.hpp"

namespace sapdr::core {

struct DirEntry {
  std::string name;
  unsigned char type;  // DT_REG, DT_DIR, …; DT_UNKNOWN if the filesystem does not tell

  bool operator<(const DirEntry& other) const { return name < other.name; }
};

// Everything but "." and "..", in the byte order of the names. `path` is for messages.
std::vector<DirEntry> list_folder(Fd folder, const std::string& path);

}  // namespace sapdr::core
