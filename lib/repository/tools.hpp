// What a thread needs to store and load blobs: cipher, codec and scratch memory, kept for the next
// one.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "checksum/sha256_lanes.hpp"
#include "chunking/rabin.hpp"
#include "crypto/cipher.hpp"
#include "format/codec.hpp"

namespace sapdr::core {

struct Tools {
  Tools(const Key& key, Compression compression, BlobCodec blob_codec)
      : cipher(key), codec(compression, blob_codec) {
    // Memory that grows leaves holes behind; room that is not used costs nothing.
    packed.reserve(max_chunk);
    for (Bytes& lane : plain) lane.reserve(max_chunk);
  }

  Cipher cipher;
  Codec codec;
  Bytes packed;                           // scratch
  std::array<Bytes, sha256_lanes> plain;  // scratch, for as many blobs as are opened at once
};

// Lends tools to threads. Any thread.
class ToolBox {
 public:
  ToolBox(const Key& key, Compression compression, BlobCodec blob_codec)
      : key_(key), compression_(compression), blob_codec_(blob_codec) {}

  class Lease {
   public:
    Lease(ToolBox& box, std::unique_ptr<Tools> tools) : box_(&box), tools_(std::move(tools)) {}
    ~Lease() {
      if (tools_) box_->give_back(std::move(tools_));
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    Tools* operator->() const { return tools_.get(); }
    Tools& operator*() const { return *tools_; }

   private:
    ToolBox* box_;
    std::unique_ptr<Tools> tools_;
  };

  Lease lend() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto tools = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(tools));
      }
    }
    auto made = std::make_unique<Tools>(key_, compression_, blob_codec_);
    {
      const std::lock_guard lock(mutex_);
      free_.reserve(n_made_ + 1);
      ++n_made_;
    }
    return Lease(*this, std::move(made));
  }

 private:
  // Never fails: the room was made when they were lent for the first time.
  void give_back(std::unique_ptr<Tools> tools) noexcept {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(tools));
  }

  const Key key_;
  const Compression compression_;
  const BlobCodec blob_codec_;
  std::mutex mutex_;
  size_t n_made_ = 0;
  std::vector<std::unique_ptr<Tools>> free_;  // with room for all that were made
};

}  // namespace sapdr::core
