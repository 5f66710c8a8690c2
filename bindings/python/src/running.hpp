// The calls that are under way, so that the end of the interpreter can wait for them.
#pragma once

#include <condition_variable>
#include <mutex>
#include <sapdr/sapdr.hpp>
#include <vector>

namespace sapdr_python {

// A daemon thread may still be in a backup when the interpreter ends. After that point no thread
// may take the GIL, so that the calls have to come to an end before: shut_down(), registered with
// atexit, cancels what can be cancelled and waits.
class running_calls {
 public:
  static running_calls& instance();

  // `cancel` may be NULL: a call that cannot be cancelled is waited for.
  void add(const sapdr::cancel_source* cancel);
  void remove(const sapdr::cancel_source* cancel);

  // True once the interpreter ends: nothing may call into Python any more.
  bool closing() const;
  // True once nobody waits for calls any more.
  bool ended() const;

  // Call with the GIL held.
  void shut_down();

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<const sapdr::cancel_source*> calls_;
  bool closing_ = false;
  bool is_over_ = false;
};

// One call, from its beginning to its end. Both with the GIL held.
class running_call {
 public:
  explicit running_call(const sapdr::cancel_source* cancel) : cancel_(cancel) {
    running_calls::instance().add(cancel_);
  }
  ~running_call() { running_calls::instance().remove(cancel_); }
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;

 private:
  const sapdr::cancel_source* cancel_;
};

}  // namespace sapdr_python
