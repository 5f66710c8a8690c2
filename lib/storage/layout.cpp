#include "storage/layout.hpp"

namespace sapdr::core {

const char* folder_of(FileType type) {
  switch (type) {
    case FileType::config:
      return "";
    case FileType::key:
      return "keys";
    case FileType::lock:
      return "locks";
    case FileType::snapshot:
      return "snapshots";
    case FileType::index:
      return "index";
    case FileType::pack:
      return "data";
    case FileType::verified:
      return "sapdr/verified";
  }
  return "";
}

std::string folder_of(const FileName& file) {
  std::string folder = folder_of(file.type);
  if (file.type == FileType::pack) folder.append("/").append(file.name, 0, 2);
  return folder;
}

std::string leaf_of(const FileName& file) {
  return file.type == FileType::config ? "config" : file.name;
}

std::string path_of(const FileName& file) {
  std::string path = folder_of(file);
  if (!path.empty()) path += '/';
  return path.append(leaf_of(file));
}

}  // namespace sapdr::core
