#include "repository/index_writer.hpp"

#include <utility>

#include "repository/erase_all.hpp"

namespace sapdr::core {

namespace {
constexpr size_t max_index_blobs = 50'000;
}

IndexedPack indexed_pack(const BlobIndex& index, uint32_t pack) {
  IndexedPack indexed{index.pack_id(pack), {}};
  for (const BlobPlace& place : index.blobs_in(pack)) {
    indexed.blobs.push_back({.id = place.id,
                             .type = place.type,
                             .offset = place.offset,
                             .length = place.length,
                             .plain_length = place.compressed ? place.plain_length : 0});
  }
  return indexed;
}

void IndexWriter::add(IndexedPack pack) {
  n_blobs_ += pack.blobs.size();
  file_.packs.push_back(std::move(pack));
  if (n_blobs_ >= max_index_blobs) write();
}

void IndexWriter::write() {
  lock_.check();
  repository_.save_unpacked(FileType::index, index_json(std::exchange(file_, {})));
  n_blobs_ = 0;
}

void IndexWriter::replace(const std::vector<Id>& old_files) {
  if (!file_.packs.empty() || !file_.packs_to_delete.empty()) write();
  erase_all(repository_.backend(), FileType::index, old_files, [this] { lock_.check(); });
}

}  // namespace sapdr::core
