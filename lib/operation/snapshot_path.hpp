// Paths inside a snapshot: "/" and "/a/b".
#pragma once

#include <string>
#include <string_view>

#include "base/path.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

// "a//b/" becomes "/a/b".
inline std::string snapshot_path(std::string_view path) {
  return clean_path(std::string("/").append(path));
}

// Whether `path` is `folder` or lies in it.
inline bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// As a path below a target folder: "/a/b" becomes "a/b".
inline std::string_view relative_path(std::string_view path) {
  return path.substr(1);
}

// No folder that anybody made is this deep; one in a snapshot made by an enemy may be.
inline constexpr size_t max_folder_depth = 4096;

}  // namespace sapdr::core
