// SHA-256 of several messages side by side. The instructions of a processor for SHA-256 wait for
// each other within a message: three messages in lock-step are hashed in little more time than one.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "base/id.hpp"

namespace sapdr::core {

inline constexpr size_t sha256_lanes = 3;

// Where messages come from, and their hashes go to.
struct LaneMessages {
  // The next message, or none: then there are no more. It must stay as it is until the hash of the
  // same lane (below sha256_lanes) was taken, which comes before the next message of that lane is
  // asked for.
  std::function<std::optional<ByteView>(size_t lane)> next;
  std::function<void(size_t lane, const Id& hash)> take;
};

// Hashes all of them. Throws what the functions throw.
void sha256_in_lanes(const LaneMessages& messages);

// ids[i] becomes the hash of messages[i].
void sha256_all(std::span<const ByteView> messages, std::span<Id> ids);

// What is done where a processor has no instructions for it (can_compress_blocks()); for tests.
void sha256_one_by_one(const LaneMessages& messages);

}  // namespace sapdr::core
