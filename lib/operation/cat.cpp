#include "operation/cat.hpp"

#include <algorithm>

namespace sapdr::core {

namespace {

// Files that are shown as they are stored, or opened.
std::optional<FileType> file_type(std::string_view type) {
  for (const FileType t :
       {FileType::key, FileType::lock, FileType::snapshot, FileType::index, FileType::pack}) {
    if (type == to_string(t)) return t;
  }
  return std::nullopt;
}

Error unknown_type(std::string_view type) {
  return Error(Code::invalid_argument, "\"" + std::string(type) +
                                           "\" is no type of object; use config, key, lock, "
                                           "snapshot, index, pack, blob or masterkey");
}

SecretBytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

SecretBytes cat_blob(Repository& repository, std::string_view name, Progress& progress) {
  const auto id = Id::parse(name);
  if (!id) {
    throw Error(Code::invalid_argument,
                "\"" + std::string(name) + "\" is no id of a blob; give all 64 digits");
  }
  repository.load_index(progress);
  for (const BlobType type : {BlobType::data, BlobType::tree}) {
    if (repository.index().contains(*id, type)) return copy(repository.load_blob(type, *id));
  }
  throw Error(Code::not_found, "there is no blob " + id->hex() + " in the repository");
}

}  // namespace

SecretBytes cat(Repository& repository, std::string_view type, std::string_view name,
                Progress& progress) {
  repository.context().check_process();
  if (type == "config") return copy(as_bytes(config_json(repository.config())));
  if (type == "masterkey") return master_key_json(repository.key());
  if (type == "blob") return cat_blob(repository, name, progress);
  const auto file = file_type(type);
  if (!file) throw unknown_type(type);
  const Id id = repository.find_by_prefix(*file, name);
  if (*file == FileType::key || *file == FileType::pack) {
    const FileName stored{*file, id.hex()};
    return copy(repository.backend().load_all(stored, uint64_t{1} << 30));
  }
  return copy(repository.load_unpacked(*file, id));
}

void list_objects(Repository& repository, std::string_view type,
                  const std::function<void(std::string_view id, uint64_t size)>& each,
                  Progress& progress) {
  repository.context().check_process();
  if (type == "blob") {
    repository.load_index(progress);
    const BlobIndex& index = repository.index();
    for (uint32_t pack = 0; pack < index.n_packs(); ++pack) {
      for (const BlobPlace& place : index.blobs_in(pack)) each(place.id.hex(), place.plain_length);
    }
    return;
  }
  const auto file = file_type(type);
  if (!file) throw unknown_type(type);
  repository.backend().list(*file,
                            [&](const ObjectInfo& object) { each(object.name, object.size); });
}

}  // namespace sapdr::core
