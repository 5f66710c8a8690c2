// Writing index files anew, in place of others.
#pragma once

#include <vector>

#include "format/index.hpp"
#include "repository/lock.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// What the index in memory says is in a pack.
IndexedPack indexed_pack(const BlobIndex& index, uint32_t pack);

// Under an exclusive lock, for one thread. Old files go only when all new ones are durable: a crash
// between leaves packs that are named twice.
class IndexWriter {
 public:
  IndexWriter(Repository& repository, const RepositoryLock& lock)
      : repository_(repository), lock_(lock) {}

  void add(IndexedPack pack);
  void mark(MarkedPack pack) { file_.packs_to_delete.push_back(std::move(pack)); }
  // Writes what is left, then removes the files that are replaced.
  void replace(const std::vector<Id>& old_files);

 private:
  void write();

  Repository& repository_;
  const RepositoryLock& lock_;
  IndexFile file_;
  size_t n_blobs_ = 0;
};

}  // namespace sapdr::core
