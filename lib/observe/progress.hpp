// What an operation tells while it runs: progress, items; and where it learns that it shall stop.
#pragma once

#include <sapdr/observer.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "base/cancel.hpp"

namespace sapdr::core {

// One thing worth telling. Only what is set is told.
struct ItemEvent {
  int32_t action = 0;  // SAPDR_ITEM_*
  std::string_view path = {};
  uint64_t size = 0;
  const Error* error = nullptr;
  const char* object_type = nullptr;
  std::string object_id = {};
  std::string snapshot_id = {};
  std::string message = {};
};

// Counts, coalesces and serialises. All members may be called from any thread. Those that call back
// throw Code::callback once a callback asked to stop, and Code::cancelled once the cancel flag is
// set.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  // `observer` is copied; both may be null. `cancel` must outlive this object.
  explicit Progress(const sapdr_observer* observer = nullptr, const Cancel* cancel = nullptr);

  void phase(int32_t phase);  // starts a phase: its counts begin at zero
  void expect(uint64_t items, uint64_t bytes);
  // Counts what was done; `current` names the item being worked on.
  void done(uint64_t items, uint64_t bytes, std::string_view current = {});
  void item(const ItemEvent& event);
  // The item that tells of a damaged object: "index", its id, and how it is damaged.
  void damaged(const char* object_type, const std::string& object_id, const Error& error);
  void count_error();
  // Waits if this thread's share of the processors is used up (base/pace), then throws if the
  // operation was asked to stop. Cheap: for every chunk.
  void checkpoint() const;
  // The last call, always made, also after a failure. Never throws.
  void finish() noexcept;

  uint64_t elapsed_ns() const;

 private:
  void tell(std::string_view current, bool is_final);

  sapdr_observer observer_{};
  const Cancel* cancel_;
  const Clock::time_point start_ = Clock::now();
  const Clock::duration interval_;
  std::atomic<Clock::rep> next_{0};
  std::atomic<int32_t> phase_{SAPDR_PHASE_PREPARE};
  std::atomic<uint64_t> items_done_{0}, items_total_{0}, bytes_done_{0}, bytes_total_{0},
      errors_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // around the callbacks
};

}  // namespace sapdr::core
