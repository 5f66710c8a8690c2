#include "repository/index_files.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>

#include "base/workers.hpp"
#include "repository/load_named.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

IndexFiles::File IndexFiles::read(Repository& repository, const Id& id) {
  const Bytes json = repository.load_unpacked(FileType::index, id);
  const Slots::Lease decoder(repository.decoders());
  IndexFile parsed = parse_index(as_text(json), "index " + id.hex());
  File file;
  file.packs.reserve(parsed.packs.size());
  for (const IndexedPack& pack : parsed.packs) {
    file.packs.push_back(blobs_.add(pack.id, pack.blobs));
  }
  file.marked = std::move(parsed.packs_to_delete);
  return file;
}

void IndexFiles::forget() {
  blobs_.clear();
  files_.clear();
}

void IndexFiles::load(Repository& repository, Progress& progress, const OnDamage& on_damage) {
  const std::vector<Id> present = repository.list(FileType::index);
  const bool is_any_gone = std::any_of(files_.begin(), files_.end(), [&](const auto& file) {
    return !std::binary_search(present.begin(), present.end(), file.first);
  });
  if (is_any_gone) forget();
  std::mutex mutex;
  const auto load_one = [&](const Id& id) {
    progress.checkpoint();
    try {
      File file = read(repository, id);
      const std::lock_guard lock(mutex);
      files_.emplace(id, std::move(file));
    } catch (const Error& error) {
      if (!on_damage || !is_damage(error)) throw;
      const std::lock_guard lock(mutex);
      on_damage(id, error);
    }
  };
  std::vector<Id> missing;
  std::copy_if(present.begin(), present.end(), std::back_inserter(missing),
               [&](const Id& id) { return !files_.contains(id); });
  Workers workers(repository.reads_at_once(), 1);
  for (const Id& id : missing) {
    workers.submit([&load_one, id] { load_one(id); });
  }
  workers.finish();
}

}  // namespace sapdr::core
