#include "storage/backend.hpp"

#include <algorithm>

#include "storage/facts.hpp"

namespace sapdr::core {

const char* to_string(FileType type) {
  switch (type) {
    case FileType::config:
      return "config";
    case FileType::key:
      return "key";
    case FileType::lock:
      return "lock";
    case FileType::snapshot:
      return "snapshot";
    case FileType::index:
      return "index";
    case FileType::pack:
      return "pack";
    case FileType::verified:
      return "verified";
  }
  return "unknown";
}

std::string to_string(const FileName& file) {
  std::string text = to_string(file.type);
  if (!file.name.empty()) text.append(" ").append(file.name);
  return text;
}

bool is_object_name(std::string_view name) noexcept {
  return name.size() == 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

void require_valid(const FileName& file) {
  const bool valid = file.type == FileType::config ? file.name.empty() : is_object_name(file.name);
  if (valid) return;
  throw Error(Code::invalid_argument,
              to_string(file) + " is no name of an object: 64 hexadecimal digits are needed");
}

Bytes Backend::load_all(const FileName& file, uint64_t limit) {
  const uint64_t size = size_of(file);
  if (size > limit) {
    throw Error(Code::corrupt, to_string(file) + " in " + location() +
                                   " is too big: " + std::to_string(size) + " bytes, at most " +
                                   std::to_string(limit) + " make sense");
  }
  Bytes data(size);
  load(file, 0, data);
  return data;
}

StorageFacts Backend::facts() {
  return {};
}

}  // namespace sapdr::core
