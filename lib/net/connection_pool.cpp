#include "net/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace sapdr::core {

namespace {

// Routers forget connections on which nothing happens (Azure's after four minutes), without a word.
constexpr std::chrono::seconds max_idle(60);

// How long a cancel may take to be noticed.
constexpr std::chrono::milliseconds slice(50);

}  // namespace

ConnectionPool::Lease::Lease(ConnectionPool& pool, std::string origin, const Patience& patience)
    : pool_(pool), origin_(std::move(origin)) {
  std::list<Idle> removed;  // closed without the lock
  std::unique_lock lock(pool_.mutex_);
  while (pool_.in_use_ >= pool_.max_) {
    patience.check_cancel();
    pool_.has_place_.wait_for(lock, slice);
  }
  pool_.remove_old(removed);
  auto& idle = pool_.idle_;
  for (auto at = idle.begin(); at != idle.end() && !connection;) {
    const auto next = std::next(at);
    if (at->origin == origin_) {
      if (at->connection->is_idle()) connection = std::move(at->connection);
      removed.splice(removed.end(), idle, at);
    }
    at = next;
  }
  ++pool_.in_use_;
  if (pool_.in_use_ + idle.size() > pool_.max_) {
    removed.splice(removed.end(), idle, std::prev(idle.end()));
  }
}

ConnectionPool::Lease::~Lease() {
  std::list<Idle> added;
  if (kept_) {
    try {
      added.push_back({origin_, std::move(kept_), Patience::Clock::now()});
    } catch (const std::bad_alloc&) {
      // It is closed.
    }
  }
  const std::lock_guard lock(pool_.mutex_);
  pool_.idle_.splice(pool_.idle_.begin(), added);
  --pool_.in_use_;
  pool_.has_place_.notify_one();
}

void ConnectionPool::remove_old(std::list<Idle>& removed) {
  const auto oldest = Patience::Clock::now() - max_idle;
  while (!idle_.empty() && idle_.back().since < oldest) {
    removed.splice(removed.end(), idle_, std::prev(idle_.end()));
  }
}

}  // namespace sapdr::core
