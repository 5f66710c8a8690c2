// Connections that wait for their next request, and how many there may be at once.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>

#include "net/connection.hpp"

namespace sapdr::core {

// Any thread.
class ConnectionPool {
 public:
  // `max`: in use and waiting together, to all hosts.
  explicit ConnectionPool(unsigned max) : max_(max) {}

  // The right to have one connection to `origin`, and a kept one if there is any: else null, and
  // the caller makes one.
  class Lease {
   public:
    // Waits for its turn. Throws Code::cancelled.
    Lease(ConnectionPool& pool, std::string origin, const Patience& patience);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // For the next one who wants to go there.
    void keep(ConnectionPtr used) noexcept { kept_ = std::move(used); }

    ConnectionPtr connection;

   private:
    ConnectionPool& pool_;
    const std::string origin_;
    ConnectionPtr kept_;
  };

 private:
  struct Idle {
    std::string origin;
    ConnectionPtr connection;
    Patience::Clock::time_point since;
  };

  void remove_old(std::list<Idle>& removed);

  const unsigned max_;
  std::mutex mutex_;
  std::condition_variable has_place_;
  unsigned in_use_ = 0;
  std::list<Idle> idle_;  // the latest first
};

}  // namespace sapdr::core
