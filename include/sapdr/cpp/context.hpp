/* What an application decides once, and how to stop: context, cancel_source. */
#pragma once

#include <sapdr/cancel.h>
#include <sapdr/context.h>

#include <functional>
#include <memory>
#include <sapdr/cpp/error.hpp>
#include <string>
#include <string_view>

namespace sapdr {

/* One log record, borrowed for the duration of the call. */
struct log_record {
  int32_t level = 0; /* SAPDR_LOG_* */
  int64_t time_ns = 0;
  std::string_view component;
  std::string_view message;
};

struct context_options {
  uint32_t threads = 0;  /* worker threads of one operation; 0: one a core */
  int32_t log_level = 0; /* highest SAPDR_LOG_* told; 0: SAPDR_LOG_INFO */
  /* May be called from any thread, but never twice at once. What it throws is dropped. */
  std::function<void(const log_record&)> on_log{};
  /* How gently operations treat the machine; see sapdr_ctx_options. */
  uint32_t limit_cpu_percent = 0;        /* of one core, all threads together; 0: no limit */
  int32_t nice = 0;                      /* 0 to 19 */
  int32_t io_class = SAPDR_IO_UNCHANGED; /* SAPDR_IO_* */
  uint32_t io_level = 0;                 /* of SAPDR_IO_BEST_EFFORT: 1 to 7; 0: 7 */
};

class context {
 public:
  explicit context(const context_options& options = {}) {
    auto c = detail::initialized<sapdr_ctx_options>();
    c.threads = options.threads;
    c.log_level = options.log_level;
    c.limit_cpu_percent = options.limit_cpu_percent;
    c.nice = options.nice;
    c.io_class = options.io_class;
    c.io_level = options.io_level;
    if (options.on_log) {
      log_ = std::make_shared<log_sink>(options.on_log);
      c.on_log = forward_log;
      c.log_user = log_.get();
    }
    detail::error_out err;
    sapdr_ctx* ctx = nullptr;
    err.check(sapdr_ctx_new(&ctx, &c, err));
    handle_.reset(ctx);
  }

  sapdr_ctx* get() const noexcept { return handle_.get(); }

 private:
  friend class backend;
  friend class repository;
  using log_sink = std::function<void(const log_record&)>;

  static void forward_log(void* user, const sapdr_log_record* record) noexcept {
    try {
      (*static_cast<log_sink*>(user))({.level = record->level,
                                       .time_ns = record->time_ns,
                                       .component = detail::view(record->component),
                                       .message = detail::view(record->message)});
    } catch (...) {
      return; /* a log that fails must not fail a backup */
    }
  }

  /* Shared with every handle that may still speak after the context is gone; declared before the
   * handle, so that it goes last. */
  std::shared_ptr<log_sink> log_;
  detail::handle<sapdr_ctx, sapdr_ctx_free> handle_;
};

/* Stops the operations that were given it; trigger() may be called from any thread, also inside a
 * signal handler. Must outlive those operations. */
class cancel_source {
 public:
  cancel_source() {
    detail::error_out err;
    sapdr_cancel* made = nullptr;
    err.check(sapdr_cancel_new(&made, err));
    handle_.reset(made);
  }

  void trigger() const noexcept { sapdr_cancel_trigger(handle_.get()); }
  bool is_triggered() const noexcept { return sapdr_cancel_is_triggered(handle_.get()) != 0; }
  /* Makes it usable again; not while an operation uses it. */
  void reset() noexcept { sapdr_cancel_reset(handle_.get()); }
  sapdr_cancel* get() const noexcept { return handle_.get(); }

 private:
  detail::handle<sapdr_cancel, sapdr_cancel_free> handle_;
};

namespace detail {
inline sapdr_cancel* c_cancel(const cancel_source* cancel) noexcept {
  return cancel == nullptr ? nullptr : cancel->get();
}
}  // namespace detail
}  // namespace sapdr
