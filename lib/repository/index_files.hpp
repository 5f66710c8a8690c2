// The index of a repository: all its index files together, each read once.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "format/index.hpp"
#include "observe/progress.hpp"
#include "repository/blob_index.hpp"

namespace sapdr::core {

class Repository;

// What was read so far. Not for several threads at once, but for blobs().
class IndexFiles {
 public:
  // What one file says.
  struct File {
    std::vector<uint32_t> packs;  // by their numbers in blobs()
    std::vector<MarkedPack> marked;
  };
  using OnDamage = std::function<void(const Id& file, const Error& error)>;

  // Reads the files that were not read yet; others may have written some since. If one that was
  // read is gone, packs may be gone as well: then everything is read anew. A damaged file is given
  // to `on_damage`, or thrown if there is none; it counts as not read.
  void load(Repository& repository, Progress& progress, const OnDamage& on_damage);

  // As if nothing had been read.
  void forget();

  BlobIndex& blobs() { return blobs_; }
  const std::map<Id, File>& files() const { return files_; }

 private:
  File read(Repository& repository, const Id& id);

  std::map<Id, File> files_;
  BlobIndex blobs_;
};

}  // namespace sapdr::core
