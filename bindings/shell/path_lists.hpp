// Lists of paths in files, for --files-from and its kin.
#pragma once

#include <string>
#include <vector>

namespace sapdr::shell {

enum class PathList {
  patterns,  // a glob pattern a line; blank lines and # comments do not count
  verbatim,  // a path a line, taken as it is
  raw,       // paths, each with a NUL behind it
};

// Appends the paths in the file `name` ("-": standard input) to `paths`. A pattern that matches
// nothing is a failure: what was asked for would be missing from the backup.
void append_paths_from(const std::string& name, PathList kind, std::vector<std::string>& paths);

}  // namespace sapdr::shell
