// Descriptors that are kept open for a while.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/fd.hpp"

namespace sapdr::core {

using SharedFd = std::shared_ptr<const Fd>;

// The least recently used ones make room; whoever still uses one keeps it open. Any thread.
class FdCache {
 public:
  explicit FdCache(size_t capacity) : capacity_(capacity) {}

  // Empty if it is not (any more) open.
  SharedFd find(uint32_t key) {
    const std::lock_guard lock(mutex_);
    const auto at = places_.find(key);
    if (at == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->fd;
  }

  void put(uint32_t key, SharedFd fd) {
    SharedFd dropped;  // closed after the lock is free
    const std::lock_guard lock(mutex_);
    const auto [at, is_new] = places_.try_emplace(key);
    if (!is_new) return;
    entries_.push_front({key, std::move(fd)});
    at->second = entries_.begin();
    if (entries_.size() <= capacity_) return;
    dropped = std::move(entries_.back().fd);
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }

  void erase(uint32_t key) {
    SharedFd dropped;
    const std::lock_guard lock(mutex_);
    const auto at = places_.find(key);
    if (at == places_.end()) return;
    dropped = std::move(at->second->fd);
    entries_.erase(at->second);
    places_.erase(at);
  }

 private:
  struct Entry {
    uint32_t key;
    SharedFd fd;
  };
  const size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<uint32_t, std::list<Entry>::iterator> places_;
};

}  // namespace sapdr::core
