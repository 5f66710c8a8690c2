// Log records of the library on their way to Python's logging.
#pragma once

#include <cstdint>
#include <mutex>
#include <sapdr/sapdr.hpp>
#include <string>
#include <vector>

namespace sapdr_python {

// The library logs from any of its threads and holds a lock of its own meanwhile, so that taking
// the GIL there could end in a deadlock. Records wait here instead, until the thread that made the
// call hands them on: there, handlers also see the caller's thread and context variables.
class log_queue {
 public:
  // Any thread, without the GIL.
  void push(const sapdr::log_record& told);

  // Hands the records to the loggers "sapdr.COMPONENT". With the GIL held; throws nothing.
  void drain();

  // Drains when a call ends, however it ends.
  class drained {
   public:
    explicit drained(log_queue& queue) : queue_(queue) {}
    ~drained() { queue_.drain(); }
    drained(const drained&) = delete;
    drained& operator=(const drained&) = delete;

   private:
    log_queue& queue_;
  };

 private:
  struct record {
    int32_t level;
    std::string component;
    std::string message;
  };
  static constexpr std::size_t capacity = 10000;

  std::mutex mutex_;
  std::vector<record> records_;
  uint64_t dropped_ = 0;
};

// SAPDR_LOG_* for the level that the logger "sapdr" has now. With the GIL held.
int32_t log_level();

}  // namespace sapdr_python
