#include "operation/wanted_objects.hpp"

#include <optional>

namespace sapdr::core {

namespace {

// The one id that begins with `name`. `for_each` calls back with every id that there is.
template <class ForEach>
Id find_one(const char* type, const std::string& name, ForEach for_each) {
  const std::string what = std::string(type) + " \"" + name + "\"";
  std::optional<Id> found;
  bool is_ambiguous = false;
  for_each([&](const Id& id) {
    if (name.empty() || !id.hex().starts_with(name)) return;
    is_ambiguous = is_ambiguous || (found && found != id);
    found = id;
  });
  if (is_ambiguous) {
    throw Error(Code::ambiguous, what + " matches more than one; give more digits");
  }
  if (!found) {
    throw Error(Code::not_found, "the index knows no " + what + "; list what there is");
  }
  return *found;
}

Id find_blob(const BlobIndex& index, BlobType type, const char* shown, const std::string& name) {
  if (const auto id = Id::parse(name)) return *id;
  return find_one(shown, name, [&](const auto& each) {
    index.for_each([&](const BlobPlace& place) {
      if (place.type == type) each(place.id);
    });
  });
}

void add_pack(WantedObjects& wanted, const BlobIndex& index, const std::string& name) {
  const auto n = static_cast<uint32_t>(index.n_packs());
  const Id pack = find_one("pack", name, [&](const auto& each) {
    for (uint32_t i = 0; i < n; ++i) each(index.pack_id(i));
  });
  for (uint32_t i = 0; i < n; ++i) {
    if (index.pack_id(i) != pack) continue;
    for (const BlobPlace& place : index.blobs_in(i)) {
      (place.type == BlobType::tree ? wanted.trees : wanted.data).insert(place.id);
    }
  }
}

}  // namespace

WantedObjects wanted_objects(const BlobIndex& index, const std::vector<std::string>& blobs,
                             const std::vector<std::string>& trees,
                             const std::vector<std::string>& packs) {
  WantedObjects wanted;
  for (const std::string& name : blobs) {
    wanted.data.insert(find_blob(index, BlobType::data, "blob", name));
  }
  for (const std::string& name : trees) {
    wanted.trees.insert(find_blob(index, BlobType::tree, "tree", name));
  }
  for (const std::string& name : packs) add_pack(wanted, index, name);
  return wanted;
}

}  // namespace sapdr::core
