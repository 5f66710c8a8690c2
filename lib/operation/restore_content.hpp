// Fetching the blobs that a restore needs, pack by pack, and handing them to their files.
#pragma once

#include <vector>

#include "operation/restore_files.hpp"
#include "repository/blob_fetcher.hpp"

namespace sapdr::core {

class RestoreContent {
 public:
  RestoreContent(const RestorePlanData& plan, RestoreFiles& files, Progress& progress);

  // All of it, on all threads.
  void run();

  uint64_t packs() const { return n_packs_; }
  uint64_t bytes_fetched() const { return fetcher_.bytes_fetched(); }

 private:
  struct Use {  // of a blob
    uint64_t offset;
    ItemNumber item;
  };

  void collect_uses();
  void order_blobs();
  void write(uint32_t blob, ByteView plain);
  void lose(uint32_t blob, const Error& error);
  bool is_needed(uint32_t blob) const;
  std::span<const Use> uses_of(uint32_t blob) const {
    return std::span(uses_).subspan(uses_at_[blob], uses_at_[blob + 1] - uses_at_[blob]);
  }

  const RestorePlanData& plan_;
  const RestoreItems& items_;
  RestoreFiles& files_;
  BlobFetcher fetcher_;
  std::vector<Use> uses_;          // by blob
  std::vector<uint64_t> uses_at_;  // by blob: where its uses begin
  std::vector<uint32_t> order_;    // blobs in the order they are fetched in
  uint64_t n_packs_ = 0;
};

}  // namespace sapdr::core
