// The filesystem as a source.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "component/files/patterns.hpp"
#include "repository/source.hpp"

namespace sapdr::core {

struct FileSourceOptions {
  std::vector<std::string>
      paths;  // as given by the user; relative ones stay relative in the tree, as in restic
  PatternList excludes;
  std::vector<std::string> exclude_if_present;  // "NAME" or "NAME:first bytes"
  uint64_t exclude_larger_than = 0;             // 0: no limit
  bool exclude_caches = false;
  bool one_file_system = false;
  bool ignore_inode = false;
  bool ignore_ctime = false;
  bool with_atime = false;
};

// Throws Code::not_found if one of the paths does not exist, Code::invalid_argument if there are
// none.
std::unique_ptr<Source> make_file_source(FileSourceOptions options);

}  // namespace sapdr::core
