// Packs that hold trees, block by block in memory: where storage is far away and there is no cache
// on disk, a round trip for each tree would be most of what a walk takes.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "base/id.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

// Nothing in it is trusted: who opens what was loaded proves it. Any thread.
class TreeBlocks {
 public:
  explicit TreeBlocks(BackendPtr backend) : backend_(std::move(backend)) {}

  // A part of a pack of at least `size()` bytes; brings all blocks that it lies in. False if it is
  // not to be had from here, as blocks are not brought twice: trees that are too many for this
  // memory cost no more than without it. Throws what may be different at another time.
  bool load(const Id& pack, const std::function<uint64_t()>& size, uint64_t offset, ByteSpan out);
  // A part of it did not come out right.
  void drop(const Id& pack);
  void forget();  // everything, also that it was brought

 private:
  using Name = std::pair<Id, uint64_t>;  // pack, and number in it
  struct Block {
    std::mutex mutex;  // held while it is brought
    bool was_tried = false;
    Bytes bytes;
  };
  struct Kept {
    Name name;
    std::shared_ptr<Block> block;
  };

  std::shared_ptr<Block> find(const Name& name);
  void bring(const Name& name, const std::function<uint64_t()>& size, Block& block);

  const BackendPtr backend_;
  std::mutex mutex_;      // around all below
  std::list<Kept> kept_;  // the one that was used last comes first
  std::set<Name> brought_;
};

}  // namespace sapdr::core
