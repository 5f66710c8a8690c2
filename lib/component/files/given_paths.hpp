// The paths that a user gives, as one tree.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sapdr::core {

// A path in the tree of a snapshot. As in restic: "/srv/work" becomes srv/work, "work" and
// "../work" become work, of "." there is what is in it. Paths that share folders share them here.
struct GivenPath {
  std::map<std::string, GivenPath> children;  // by their names in the snapshot
  std::string path;                           // on disk: absolute
  std::string root;                           // at the top only: the folder that the path begins in
  dev_t device = 0;                           // of the path as given, or of the one it lies in
  bool whole = false;  // to be stored with everything in it; else only with `children`
  bool named = false;  // as it is by the user: nothing excludes it
};

// The system, as far as it is needed here.
struct GivenPathsAccess {
  std::string working_dir;
  // Names in a folder; throws.
  std::function<std::vector<std::string>(const std::string& path)> list;
  // Of the path itself, not of what it links to; throws if there is nothing.
  std::function<dev_t(const std::string& path)> device;
};

GivenPath arrange_paths(const std::vector<std::string>& paths, const GivenPathsAccess& access);

// Absolute and clean.
std::string absolute_path(const std::string& working_dir, const std::string& path);

}  // namespace sapdr::core
