#include "storage/listing.hpp"

#include <algorithm>

namespace sapdr::core {

void Listing::add(const ObjectInfo& object) {
  const FileName file{type_, std::string(object.name)};
  require_valid(file);
  const Id id = type_ == FileType::config ? Id{} : Id::parse(file.name).value();
  entries_.push_back({id, object.size, object.modified, object.warmth});
}

std::string Listing::name_of(const Entry& entry) const {
  return type_ == FileType::config ? std::string() : entry.id.hex();
}

void Listing::require_each_once() {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.id < b.id; });
  const auto twice =
      std::adjacent_find(entries_.begin(), entries_.end(),
                         [](const Entry& a, const Entry& b) { return a.id == b.id; });
  if (twice == entries_.end()) return;
  throw Error(Code::invalid_argument,
              to_string(FileName{type_, name_of(*twice)}) + " was listed twice");
}

void Listing::tell(const ObjectVisitor& each) const {
  for (const Entry& entry : entries_) {
    each({name_of(entry), entry.size, entry.modified, entry.warmth});
  }
}

}  // namespace sapdr::core
