// A file of a snapshot that can be read from anywhere.
#pragma once

#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/progress.hpp"
#include "operation/ahead.hpp"
#include "repository/snapshots.hpp"
#include "repository/trees.hpp"

namespace sapdr::core {

// One thread. Keeps the blobs that were used last, and when it is read from front to back, loads
// those that come next on all threads; a read at some place loads nothing but what it touches.
class SnapshotFile {
 public:
  // Throws Code::not_found, Code::invalid_argument if `path` is no file, Code::corrupt if the
  // index does not know all of its blobs, or if they have not as many bytes as it should have.
  SnapshotFile(RepositoryPtr repository, SnapshotRef ref, std::string_view path);

  const Snapshot& snapshot() const { return ref_.snapshot; }
  const std::string& path() const { return path_; }
  const Node& node() const { return node_; }
  uint64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  // Where the blob ends that holds the byte at `offset`; the size of the file if there is none.
  uint64_t blob_end(uint64_t offset) const;

  // Fills `out`, as far as the file goes, and returns how much that was. Every blob is proven;
  // throws Code::corrupt if one of those that it takes cannot be read.
  size_t read(uint64_t offset, ByteSpan out, Progress& progress);

 private:
  struct Kept {
    Id id;
    Bytes content;
  };

  void find_ends();
  size_t blob_at(uint64_t offset) const;
  uint64_t begin_of(size_t blob) const { return blob == 0 ? 0 : ends_[blob - 1]; }
  const Bytes& content_of(size_t blob, size_t last);
  Bytes load(size_t blob, size_t n_ahead);
  void load_ahead(size_t n);
  void keep(const Id& id, Bytes content);

  RepositoryPtr repository_;
  SnapshotRef ref_;
  std::string path_;
  Node node_;
  std::vector<uint64_t> ends_;  // of the blobs, in the file
  std::list<Kept> kept_;        // the most recently used first
  size_t kept_bytes_ = 0;
  std::optional<uint64_t> next_;  // where the last read ended
  bool is_sequential_ = false;    // this one goes on there
  size_t window_ = 0;             // how many blobs are loaded ahead for the reads that follow
  size_t ahead_from_ = 0;         // number of the first blob in ahead_
  std::deque<Ahead<Bytes>> ahead_;
  std::optional<Workers> workers_;  // once something is loaded ahead; last: they use the above
};

}  // namespace sapdr::core
