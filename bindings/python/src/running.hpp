// The calls that are under way, so that the end of the interpreter can wait for them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <sapdr/sapdr.hpp>
#include <utility>
#include <vector>

namespace sapdr_python {

// A sapdr.Cancel, or NULL.
using given_cancel = std::shared_ptr<sapdr::cancel_source>;

// What stops one call: a signal, the end of the interpreter, or what its caller gave to stop it,
// which may be given to several calls, and is none of the others' business.
class call_cancel {
 public:
  explicit call_cancel(given_cancel given) : given_(std::move(given)) {}

  const sapdr::cancel_source* get() const noexcept { return &own_; }
  void trigger() const noexcept { own_.trigger(); }
  // Makes it usable again; not while the library uses it.
  void reset() noexcept { own_.reset(); }
  // To be called while the call runs. True if the caller's was triggered.
  bool pass_on() const noexcept {
    if (given_ == nullptr || !given_->is_triggered()) return false;
    own_.trigger();
    return true;
  }

 private:
  sapdr::cancel_source own_;
  given_cancel given_;
};

// A daemon thread may still be in a backup when the interpreter ends. After that point no thread
// may take the GIL, so that the calls have to come to an end before: shut_down(), registered with
// atexit, cancels what can be cancelled and waits.
class running_calls {
 public:
  static running_calls& instance();

  // `cancel` may be NULL: a call that cannot be cancelled is waited for.
  void add(const call_cancel* cancel);
  void remove(const call_cancel* cancel);

  // True once the interpreter ends: nothing may call into Python any more.
  bool closing() const;
  // True once nobody waits for calls any more.
  bool ended() const;

  // Call with the GIL held.
  void shut_down();

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<const call_cancel*> calls_;
  bool closing_ = false;
  bool is_over_ = false;
};

// One call, from its beginning to its end. Both with the GIL held.
class running_call {
 public:
  explicit running_call(const call_cancel* cancel) : cancel_(cancel) {
    running_calls::instance().add(cancel_);
  }
  ~running_call() { running_calls::instance().remove(cancel_); }
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;

 private:
  const call_cancel* cancel_;
};

}  // namespace sapdr_python
