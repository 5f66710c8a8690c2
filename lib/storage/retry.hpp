// Storage that fails for a moment: calls are made again.
#pragma once

#include <chrono>

#include "storage/backend.hpp"

namespace sapdr::core {

struct RetryOptions {
  unsigned max_attempts = 0;  // of one call; 0: as many as the time allows
  std::chrono::nanoseconds max_elapsed = std::chrono::minutes(15);  // of one call
  // The pause after the first failure; it doubles with each, give or take a half.
  std::chrono::nanoseconds min_wait = std::chrono::milliseconds(500);
  std::chrono::nanoseconds max_wait = std::chrono::minutes(1);
};

// Makes calls of `inner` again whose errors say that this may help. A save that fails may have
// stored the object nevertheless: if the next one finds it with the same content, it is saved; an
// erase that then finds nothing has erased it. Each retry is logged. A cancelled operation waits no
// longer: Code::cancelled, with the failure as its cause. An error with the detail "retry_after",
// in seconds, comes from storage that asked for a pause: it gets one at least that long. One with
// the detail "repeated" comes from a call that was made again already.
BackendPtr with_retry(ContextPtr context, BackendPtr inner, const RetryOptions& options = {});

}  // namespace sapdr::core
