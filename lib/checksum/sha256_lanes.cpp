#include "checksum/sha256_lanes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "checksum/sha256.hpp"
#include "checksum/sha256_blocks.hpp"

namespace sapdr::core {

namespace {

constexpr size_t block_size = 64;
constexpr std::array<uint32_t, 8> initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

void store_be32(std::byte* at, uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) at[i] = static_cast<std::byte>(value & 0xFF);
}

// One message in a lane: its whole blocks where they lie, then one or two blocks with its end.
class Message {
 public:
  void begin(ByteView data) {
    lane_ = {initial_state, data.data()};
    blocks_ = data.size() / block_size;
    const size_t rest = data.size() % block_size;
    last_blocks_ = rest + 9 <= block_size ? 1 : 2;
    last_.fill(std::byte{0});
    if (rest > 0) std::memcpy(last_.data(), data.data() + blocks_ * block_size, rest);
    last_[rest] = std::byte{0x80};
    std::byte* const end = last_.data() + last_blocks_ * block_size;
    store_be32(end - 8, static_cast<uint32_t>(uint64_t{data.size()} >> 29));
    store_be32(end - 4, static_cast<uint32_t>(data.size() << 3));
    if (blocks_ == 0) begin_last();
  }

  // How many blocks lie side by side; 0 once all were taken.
  size_t blocks() const { return blocks_; }
  Sha256Lane& lane() { return lane_; }

  void taken(size_t blocks) {
    blocks_ -= blocks;
    if (blocks_ == 0 && last_blocks_ > 0) begin_last();
  }

  Id hash() const {
    Id id;
    for (size_t i = 0; i < lane_.state.size(); ++i) {
      store_be32(id.bytes.data() + 4 * i, lane_.state[i]);
    }
    return id;
  }

 private:
  void begin_last() {
    lane_.at = last_.data();
    blocks_ = std::exchange(last_blocks_, 0);
  }

  Sha256Lane lane_{};
  size_t blocks_ = 0;
  size_t last_blocks_ = 0;
  std::array<std::byte, 2 * block_size> last_{};
};

}  // namespace

void sha256_in_lanes(const LaneMessages& messages) {
  if (!can_compress_blocks()) return sha256_one_by_one(messages);
  std::array<Message, sha256_lanes> all;
  bool is_more = true;
  while (true) {
    std::array<Message*, sha256_lanes> busy;
    std::array<Sha256Lane*, sha256_lanes> lanes;
    size_t n = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].blocks() == 0 && is_more) {
        const std::optional<ByteView> next = messages.next(i);
        is_more = next.has_value();
        if (next) all[i].begin(*next);
      }
      if (all[i].blocks() == 0) continue;
      lanes[n] = &all[i].lane();
      busy[n++] = &all[i];
    }
    if (n == 0) return;
    size_t blocks = busy[0]->blocks();
    for (size_t i = 1; i < n; ++i) blocks = std::min(blocks, busy[i]->blocks());
    compress_blocks(std::span(lanes).first(n), blocks);
    for (size_t i = 0; i < n; ++i) {
      busy[i]->taken(blocks);
      if (busy[i]->blocks() > 0) continue;
      messages.take(static_cast<size_t>(busy[i] - all.data()), busy[i]->hash());
    }
  }
}

void sha256_one_by_one(const LaneMessages& messages) {
  while (const std::optional<ByteView> next = messages.next(0)) messages.take(0, sha256(*next));
}

void sha256_all(std::span<const ByteView> messages, std::span<Id> ids) {
  size_t begun = 0;
  std::array<size_t, sha256_lanes> in_lane{};
  sha256_in_lanes({.next = [&](size_t lane) -> std::optional<ByteView> {
                     if (begun == messages.size()) return std::nullopt;
                     in_lane[lane] = begun;
                     return messages[begun++];
                   },
                   .take = [&](size_t lane, const Id& hash) { ids[in_lane[lane]] = hash; }});
}

}  // namespace sapdr::core
