// Packs that lie where they cannot be read: asking for them, and waiting until they are there.
#pragma once

#include <chrono>
#include <vector>

#include "base/id.hpp"
#include "observe/progress.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

struct WarmUpOptions {
  std::chrono::nanoseconds wait = {};  // at most so long; 0: do not wait
  // Between two looks; 0: a minute, or a tenth of the wait if that is less.
  std::chrono::nanoseconds interval = {};
};

struct WarmUpResult {
  uint64_t packs = 0;    // that were to be warmed up
  uint64_t asked = 0;    // were cold, and were asked for by this run
  uint64_t waiting = 0;  // cannot be read yet
};

// Asks for those of `packs` that are cold, and waits until all can be read. Fills in `result` as
// far as it gets. Throws Code::timeout if they cannot be read after the wait, unless that is 0;
// packs that are missing are for others to miss.
void warm_up(Backend& storage, std::vector<Id> packs, const WarmUpOptions& options,
             WarmUpResult& result, Progress& progress);

}  // namespace sapdr::core
