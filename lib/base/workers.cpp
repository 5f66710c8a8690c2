#include "base/workers.hpp"

#include <utility>

#include "base/thread.hpp"

namespace sapdr::core {

namespace {
// Whose worker this thread is: `submit` must not wait inside its own pool.
thread_local const Workers* own_pool = nullptr;
}  // namespace

Workers::Workers(unsigned threads, size_t queue_limit) : queue_limit_(queue_limit) {
  threads_.reserve(threads);
  try {
    for (unsigned i = 0; i < threads; ++i)
      threads_.push_back(start_thread([this] { run_thread(); }));
  } catch (...) {  // no more threads to be had: those that run are enough, unless there is none
    if (threads_.empty()) throw;
  }
}

Workers::~Workers() {
  std::list<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  has_task_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::submit(Task task) {
  std::unique_lock lock(mutex_);
  if (own_pool == this) {
    if (failure_) return;  // dropped, like every task after a failure
    if (queue_.size() >= queue_limit_) {
      lock.unlock();
      task();
      return;
    }
  } else {
    has_room_.wait(lock, [&] { return failure_ || queue_.size() < queue_limit_; });
    if (failure_) std::rethrow_exception(failure_);
  }
  queue_.push_back(std::move(task));
  lock.unlock();
  has_task_.notify_one();
}

void Workers::finish() {
  std::unique_lock lock(mutex_);
  is_idle_.wait(lock, [&] { return queue_.empty() && running_ == 0; });
  if (failure_) std::rethrow_exception(failure_);
}

void Workers::fail(std::exception_ptr cause) noexcept {
  std::list<Task> dropped;  // destroyed without the lock: what they captured may call anybody
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(cause);
    dropped.swap(queue_);
    if (running_ == 0) is_idle_.notify_all();
  }
  has_room_.notify_all();
}

bool Workers::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_ != nullptr;
}

void Workers::run_task(Task& task) noexcept {
  try {
    task();
  } catch (...) {
    fail(std::current_exception());
  }
  task = nullptr;  // what it captured is gone before the task counts as done
}

void Workers::run_thread() {
  own_pool = this;
  const CancelScope scope(cancel_);
  std::unique_lock lock(mutex_);
  while (true) {
    has_task_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    // Who waits for room is woken once half of the queue is free: waking is not for free.
    const bool has_room = queue_.size() == queue_limit_ / 2;
    lock.unlock();
    if (has_room) has_room_.notify_all();
    run_task(task);
    lock.lock();
    --running_;
    if (queue_.empty() && running_ == 0) is_idle_.notify_all();
  }
}

}  // namespace sapdr::core
