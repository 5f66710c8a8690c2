#include "observe/progress.hpp"

#include <algorithm>
#include <cstring>

#include "base/pace.hpp"

namespace sapdr::core {

namespace {

// A caller built against another version may have a shorter or longer table.
sapdr_observer copy_observer(const sapdr_observer* given) {
  sapdr_observer own{};
  if (given != nullptr) {
    std::memcpy(&own, given, std::min<size_t>(given->struct_size, sizeof own));
  }
  return own;
}

Progress::Clock::duration interval_of(const sapdr_observer& observer) {
  const uint32_t ms = observer.min_interval_ms;
  return std::chrono::milliseconds(ms == 0 ? 100 : ms);
}

}  // namespace

Progress::Progress(const sapdr_observer* observer, const Cancel* cancel)
    : observer_(copy_observer(observer)), cancel_(cancel), interval_(interval_of(observer_)) {}

void Progress::phase(int32_t phase) {
  tell({}, false);  // where the phase before ended, which coalescing may have swallowed
  phase_ = phase;
  items_done_ = items_total_ = bytes_done_ = bytes_total_ = 0;
  tell({}, false);
  checkpoint();
}

void Progress::expect(uint64_t items, uint64_t bytes) {
  items_total_ += items;
  bytes_total_ += bytes;
}

void Progress::done(uint64_t items, uint64_t bytes, std::string_view current) {
  items_done_ += items;
  bytes_done_ += bytes;
  checkpoint();
  if (observer_.on_progress == nullptr) return;
  const auto now = Clock::now().time_since_epoch().count();
  auto next = next_.load(std::memory_order_relaxed);
  // Only one of the threads that come here at the same time tells.
  if (now >= next && next_.compare_exchange_strong(next, now + interval_.count())) {
    tell(current, false);
    checkpoint();
  }
}

void Progress::damaged(const char* object_type, const std::string& object_id, const Error& error) {
  item({.action = SAPDR_ITEM_DAMAGED,
        .error = &error,
        .object_type = object_type,
        .object_id = object_id});
}

void Progress::count_error() {
  errors_ += 1;
}

void Progress::checkpoint() const {
  keep_pace();
  if (cancel_ != nullptr && cancel_->is_triggered()) {
    throw Error(Code::cancelled, "the operation was cancelled");
  }
  if (stop_.load(std::memory_order_relaxed)) {
    throw Error(Code::callback, "a callback asked to stop the operation");
  }
}

void Progress::item(const ItemEvent& event) {
  if (observer_.on_item == nullptr) return;
  // C wants a NUL behind every string.
  const std::string path(event.path);
  std::string message = event.message;
  if (message.empty() && event.error != nullptr) message = event.error->message();
  sapdr_item item{};
  item.struct_size = sizeof item;
  item.action = event.action;
  item.status = event.error == nullptr ? SAPDR_OK : static_cast<sapdr_status>(event.error->code());
  item.path = event.path.data() == nullptr ? nullptr : path.c_str();
  item.path_size = path.size();
  item.size = event.size;
  item.object_type = event.object_type;
  item.object_id = event.object_id.empty() ? nullptr : event.object_id.c_str();
  item.snapshot_id = event.snapshot_id.empty() ? nullptr : event.snapshot_id.c_str();
  item.message = message.empty() ? nullptr : message.c_str();
  {
    const std::lock_guard lock(mutex_);
    if (!stop_ && observer_.on_item(observer_.user, &item) != 0) stop_ = true;
  }
  checkpoint();
}

void Progress::tell(std::string_view current, bool is_final) {
  if (observer_.on_progress == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (stop_ && !is_final) return;
  sapdr_progress progress{};
  progress.struct_size = sizeof progress;
  progress.phase = phase_;
  progress.items_done = items_done_;
  progress.items_total = items_total_;
  progress.bytes_done = bytes_done_;
  progress.bytes_total = bytes_total_;
  progress.errors = errors_;
  progress.elapsed_ns = elapsed_ns();
  progress.current = current.data();
  progress.current_size = current.size();
  progress.is_final = is_final ? 1 : 0;
  if (observer_.on_progress(observer_.user, &progress) != 0) stop_ = true;
}

void Progress::finish() noexcept {
  try {
    tell({}, true);
  } catch (...) {  // only a mutex that cannot be locked; there is nobody left to tell
    stop_ = true;
  }
}

uint64_t Progress::elapsed_ns() const {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count());
}

}  // namespace sapdr::core
