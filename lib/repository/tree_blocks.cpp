#include "repository/tree_blocks.hpp"

#include <algorithm>

namespace sapdr::core {

namespace {

constexpr uint64_t block_size = 1024 * 1024;
constexpr size_t max_blocks = 32;

}  // namespace

bool TreeBlocks::load(const Id& pack, const std::function<uint64_t()>& size, uint64_t offset,
                      ByteSpan out) {
  while (!out.empty()) {
    const Name name{pack, offset / block_size};
    const std::shared_ptr<Block> block = find(name);
    if (!block) return false;
    const std::lock_guard lock(block->mutex);
    if (!block->was_tried) bring(name, size, *block);
    const size_t at = offset % block_size;
    if (at >= block->bytes.size()) return false;
    const size_t n = std::min(out.size(), block->bytes.size() - at);
    std::copy_n(block->bytes.begin() + static_cast<ptrdiff_t>(at), n, out.begin());
    out = out.subspan(n);
    offset += n;
  }
  return true;
}

// Null if it was there once, and others needed its room.
std::shared_ptr<TreeBlocks::Block> TreeBlocks::find(const Name& name) {
  const std::lock_guard lock(mutex_);
  const auto at =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.name == name; });
  if (at != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, at);
  } else {
    if (!brought_.insert(name).second) return nullptr;
    kept_.push_front({name, std::make_shared<Block>()});
    if (kept_.size() > max_blocks) kept_.pop_back();
  }
  return kept_.front().block;
}

// Stays empty if the storage has less than the index says: a part of it may still be right.
void TreeBlocks::bring(const Name& name, const std::function<uint64_t()>& size, Block& block) {
  const uint64_t begin = name.second * block_size;
  const uint64_t end = std::min(size(), begin + block_size);
  Bytes bytes(end > begin ? end - begin : 0);
  try {
    backend_->load({FileType::pack, name.first.hex(), true}, begin, bytes);
    block.bytes = std::move(bytes);
  } catch (const Error& error) {
    if (error.retry() != Retry::never) throw;
  }
  block.was_tried = true;
}

void TreeBlocks::drop(const Id& pack) {
  const std::lock_guard lock(mutex_);
  kept_.remove_if([&](const Kept& kept) { return kept.name.first == pack; });
}

void TreeBlocks::forget() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
  brought_.clear();
}

}  // namespace sapdr::core
