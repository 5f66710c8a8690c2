/* Watching a long operation with lambdas. */
#pragma once

#include <sapdr/observer.h>

#include <chrono>
#include <functional>
#include <sapdr/cpp/error.hpp>
#include <string_view>

namespace sapdr {

/* How far an operation is. Items and bytes are counted anew in each phase; totals are 0 while
 * unknown and may grow. */
struct progress {
  int32_t phase = 0; /* SAPDR_PHASE_* */
  uint64_t items_done = 0;
  uint64_t items_total = 0;
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  uint64_t errors = 0;
  std::chrono::nanoseconds elapsed{};
  std::string_view current; /* the item being worked on, or empty */
  bool is_final = false;    /* in the last call, which is always made */
};

/* What happened to one item. Views are empty where there is nothing to say, and borrowed for the
 * duration of the call. */
struct item {
  int32_t action = 0; /* SAPDR_ITEM_* */
  sapdr_status status = SAPDR_OK;
  uint64_t size = 0;
  std::string_view path;        /* any bytes */
  std::string_view object_type; /* "pack", "blob", "tree", … */
  std::string_view object_id;
  std::string_view snapshot_id;
  std::string_view message;
};

/* Calls are serialised, maybe on another thread than the caller's. Throwing stops the operation
 * and comes out of it unchanged. A callback must not call into the repository it observes. */
struct observer {
  std::function<void(const progress&)> on_progress{};
  std::function<void(const item&)> on_item{};
  std::chrono::milliseconds min_interval{}; /* between two progress calls; 0: 100 ms */
};

namespace detail {

/* An observer as the C ABI takes it; stays where it is, because the table points into it. */
class c_observer {
 public:
  explicit c_observer(observer callbacks) : callbacks_(std::move(callbacks)) {
    SAPDR_INIT(&table_);
    table_.min_interval_ms = static_cast<uint32_t>(callbacks_.min_interval.count());
    table_.user = this;
    if (callbacks_.on_progress) table_.on_progress = forward_progress;
    if (callbacks_.on_item) table_.on_item = forward_item;
  }
  c_observer(const c_observer&) = delete;
  c_observer& operator=(const c_observer&) = delete;

  const sapdr_observer* get() const noexcept { return &table_; }
  parked_exception& thrown() noexcept { return thrown_; }

 private:
  static int32_t forward_progress(void* user, const sapdr_progress* p) noexcept {
    auto* self = static_cast<c_observer*>(user);
    const progress now{.phase = p->phase,
                       .items_done = p->items_done,
                       .items_total = p->items_total,
                       .bytes_done = p->bytes_done,
                       .bytes_total = p->bytes_total,
                       .errors = p->errors,
                       .elapsed = std::chrono::nanoseconds(p->elapsed_ns),
                       .current = view(p->current, p->current_size),
                       .is_final = p->is_final != 0};
    return self->thrown_.run([&] { self->callbacks_.on_progress(now); }) ? 0 : 1;
  }

  static int32_t forward_item(void* user, const sapdr_item* i) noexcept {
    auto* self = static_cast<c_observer*>(user);
    const item seen{.action = i->action,
                    .status = i->status,
                    .size = i->size,
                    .path = view(i->path, i->path_size),
                    .object_type = view(i->object_type),
                    .object_id = view(i->object_id),
                    .snapshot_id = view(i->snapshot_id),
                    .message = view(i->message)};
    return self->thrown_.run([&] { self->callbacks_.on_item(seen); }) ? 0 : 1;
  }

  observer callbacks_;
  parked_exception thrown_;
  sapdr_observer table_{};
};

}  // namespace detail
}  // namespace sapdr
