// Where the files of a snapshot came from: for what is done to them in place.
#pragma once

#include <string>
#include <string_view>

#include "repository/snapshots.hpp"

namespace sapdr::core {

// Paths are those of the tree that the SnapshotRef names: "/" and a path below it.
class Origin {
 public:
  // Throws what original_root throws.
  Origin(Repository& repository, const SnapshotRef& ref);

  // Where "/" was.
  const std::string& folder() const { return folder_; }
  // Where `path` was.
  std::string original(std::string_view path) const;
  // Whether `path` was backed up itself or is in a folder that was. Else it is only on the way to
  // one, as "/home" is to "/home/u/work": such folders belong to the system.
  bool is_backed_up(std::string_view path) const;

 private:
  std::string folder_;
  std::vector<std::string> paths_;
};

}  // namespace sapdr::core
