// What a list told, kept until it can be told on: because it has to be whole first, or because the
// storage cannot be called while it lists.
#pragma once

#include <vector>

#include "base/id.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

class Listing {
 public:
  explicit Listing(FileType type) : type_(type) {}

  // Throws Code::invalid_argument for what is no name of an object of the type.
  void add(const ObjectInfo& object);
  // Throws Code::invalid_argument if an object was added twice.
  void require_each_once();
  void tell(const ObjectVisitor& each) const;

 private:
  struct Entry {
    Id id;  // null for the config
    uint64_t size;
    UnixNs modified;
    Warmth warmth;
  };

  std::string name_of(const Entry& entry) const;

  const FileType type_;
  std::vector<Entry> entries_;
};

}  // namespace sapdr::core
