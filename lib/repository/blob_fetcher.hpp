// Fetching many blobs: pack by pack, neighbours in one read, several reads at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "observe/progress.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

// Lent for the call that gets it.
struct FetchedBlob {
  const BlobPlace& place;  // where this copy lies: not the place asked for, if that one is damaged
  ByteView sealed;         // as stored
  ByteView plain;          // proven by MAC and SHA-256
};

// Blobs by number, from 0. Those of one pack stand side by side, in the order of their offsets. The
// functions are called from several threads at once.
struct BlobsToFetch {
  size_t size = 0;
  std::function<const BlobPlace&(size_t blob)> place;
  // Asked again right before each blob: what nobody needs any more is not fetched or opened.
  std::function<bool(size_t blob)> is_needed;
  std::function<void(size_t blob, const FetchedBlob& fetched)> take;
  // No copy came out right. Code::corrupt if the storage gave every copy there is and none is good;
  // otherwise the error of a copy that could not be read, which may be good at another time.
  std::function<void(size_t blob, const Error& error)> lose;
};

// All of `places`, which outlive the fetch, once sorted: each is needed; `lose` throws.
BlobsToFetch all_of(std::vector<BlobPlace>& places);

// Memory: a range of at most 16 MiB for each of Repository::reads_at_once(), and for each core the
// blobs that are opened at once.
class BlobFetcher {
 public:
  BlobFetcher(Repository& repository, Progress& progress)
      : repository_(repository), progress_(progress) {}

  // Needs load_index(). Throws what is fatal, and what the functions throw. Once.
  void run(BlobsToFetch blobs);

  uint64_t bytes_fetched() const { return bytes_fetched_; }

 private:
  size_t range_end(size_t begin) const;
  void fetch_range(size_t begin, size_t end);
  void open_range(size_t begin, size_t end, ByteView range, Tools& tools,
                  std::vector<size_t>& missed);
  void fetch_alone(size_t blob, Tools& tools);
  std::optional<Error> load(const BlobPlace& first, size_t length, Bytes& range);
  Error lost(const BlobPlace& place) const;
  Bytes take_buffer();

  Repository& repository_;
  Progress& progress_;
  BlobsToFetch blobs_;
  std::atomic<uint64_t> bytes_fetched_{0};
  std::mutex buffers_mutex_;
  std::vector<Bytes> buffers_;  // for ranges, to be used again
};

}  // namespace sapdr::core
