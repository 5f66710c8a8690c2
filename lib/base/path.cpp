#include "base/path.hpp"

#include <algorithm>

namespace sapdr::core {

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

std::string clean_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (const std::string_view part : split_path(path)) {
    if (part == ".") continue;
    if (part != "..") {
      kept.push_back(part);
    } else if (!kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!absolute) {
      kept.push_back(part);
    }
  }
  std::string clean = absolute ? "/" : "";
  for (const std::string_view part : kept) {
    if (!clean.empty() && clean.back() != '/') clean += '/';
    clean += part;
  }
  return clean.empty() ? "." : clean;
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path;
  if (!folder.empty() && folder != ".") {
    path.reserve(folder.size() + 1 + name.size());
    path = folder;
    if (path.back() != '/') path += '/';
  }
  path += name;
  return path;
}

std::string_view folder_of_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return path.substr(0, std::max<size_t>(slash, 1));
}

std::string_view name_of_path(std::string_view path) {
  if (path == "/") return path;
  return path.substr(path.rfind('/') + 1);
}

}  // namespace sapdr::core
