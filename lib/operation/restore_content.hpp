// Fetching the blobs that a restore needs, pack by pack, and handing them to their files.
#pragma once

#include <mutex>
#include <vector>

#include "operation/restore_files.hpp"

namespace sapdr::core {

class RestoreContent {
 public:
  RestoreContent(const RestorePlanData& plan, RestoreFiles& files, Progress& progress);

  // All of it, on all threads. Memory: one range for each thread.
  void run();

  uint64_t packs() const { return n_packs_; }
  uint64_t bytes_fetched() const { return bytes_fetched_; }

 private:
  struct Use {  // of a blob
    uint64_t offset;
    ItemNumber item;
  };
  // What one thread needs, kept for the next range.
  struct Buffers {
    Bytes range;
    Bytes plain;
  };

  void collect_uses();
  void order_blobs();
  size_t range_end(size_t begin) const;
  void restore_range(size_t begin, size_t end);
  bool fetch(const BlobPlace& first, size_t length, Bytes& range);
  bool fetch_blob(const BlobPlace& place, Tools& tools, Buffers& buffers);
  void restore_blob(uint32_t blob, const Bytes* range, uint32_t range_offset, Tools& tools,
                    Buffers& buffers);
  bool is_needed(uint32_t blob) const;
  std::span<const Use> uses_of(uint32_t blob) const {
    return std::span(uses_).subspan(uses_at_[blob], uses_at_[blob + 1] - uses_at_[blob]);
  }
  std::unique_ptr<Buffers> take_buffers();

  const RestorePlanData& plan_;
  const RestoreItems& items_;
  RestoreFiles& files_;
  Progress& progress_;
  std::vector<Use> uses_;          // by blob
  std::vector<uint64_t> uses_at_;  // by blob: where its uses begin
  std::vector<uint32_t> order_;    // blobs in the order they are fetched in
  uint64_t n_packs_ = 0;
  std::atomic<uint64_t> bytes_fetched_{0};
  std::mutex buffers_mutex_;
  std::vector<std::unique_ptr<Buffers>> buffers_;
};

}  // namespace sapdr::core
