// A number of places: who wants one waits while all are taken.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace sapdr::core {

class Slots {
 public:
  explicit Slots(size_t places) : free_(places) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  void take() {
    std::unique_lock lock(mutex_);
    has_free_.wait(lock, [&] { return free_ > 0; });
    --free_;
  }

  // Under the lock to the end: who waits for the last place may destroy the slots.
  void give_back() {
    const std::lock_guard lock(mutex_);
    ++free_;
    has_free_.notify_one();
  }

  // A place from construction to destruction.
  class Lease {
   public:
    explicit Lease(Slots& slots) : slots_(slots) { slots_.take(); }
    ~Lease() { slots_.give_back(); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    Slots& slots_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable has_free_;
  size_t free_;
};

}  // namespace sapdr::core
