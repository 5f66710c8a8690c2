// Threads of one operation: a bounded queue of tasks, and the first failure.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cancel.hpp"

namespace sapdr::core {

// Runs tasks on a fixed number of threads. The first exception stops the rest: later tasks are
// dropped, and `finish` (or the next `submit`) rethrows it. All members may be called from any
// thread, `submit` also from inside a task. Its threads work for the operation of the thread that
// made it (CancelScope).
class Workers {
 public:
  using Task = std::function<void()>;

  // `queue_limit`: tasks that may wait before `submit` blocks.
  Workers(unsigned threads, size_t queue_limit);
  ~Workers();  // stops without waiting for queued tasks
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Queues a task. Waits while the queue is full; from inside a task it runs the new task itself
  // instead of waiting, so a pipeline of tasks never deadlocks and no core idles.
  void submit(Task task);

  // Waits until no task is queued or running, and rethrows the first failure. The workers may be
  // used again afterwards if there was none.
  void finish();

  // Stops as if a task had thrown `cause`.
  void fail(std::exception_ptr cause) noexcept;
  bool failed() const;

 private:
  void run_thread();
  void run_task(Task& task) noexcept;

  mutable std::mutex mutex_;
  std::condition_variable has_task_;
  std::condition_variable has_room_;
  std::condition_variable is_idle_;
  std::list<Task> queue_;  // an empty one takes no memory: failing must not fail
  const size_t queue_limit_;
  const Cancel* const cancel_ = CancelScope::current();
  size_t running_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace sapdr::core
