// Locks, by restic's rules.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "format/lock.hpp"
#include "repository/repository.hpp"

namespace sapdr::core {

enum class LockMode { shared, exclusive };

// A lock holds once the storage was looked at again, a while after it was written. What is read in
// the meantime holds as well, if the lock does; only changes have to wait.
enum class Settle { at_once, before_changes };

// The times of the protocol; other values are for tests only.
struct LockTiming {
  std::chrono::nanoseconds wait_before_recheck = std::chrono::milliseconds(200);
  std::chrono::nanoseconds refresh = std::chrono::minutes(5);
  std::chrono::nanoseconds give_up = std::chrono::seconds(1350);  // 22.5 minutes without a refresh
  std::chrono::nanoseconds stale = std::chrono::minutes(30);
};

// Held from construction to destruction, refreshed by a thread of its own.
class RepositoryLock {
 public:
  // Waits up to the repository's retry_lock_ns for conflicting locks; stale ones do not conflict.
  // Takes nothing if `mode` is shared and the repository was opened without locks or its storage is
  // read-only. Throws Code::locked, naming the holder. With Settle::before_changes a conflict may
  // also be found later: then check() throws it, and has not let anything be changed. Whoever is
  // ready to wait for others gets Settle::at_once, for there is no starting anew later.
  RepositoryLock(Repository& repository, LockMode mode, Progress& progress, LockTiming timing = {},
                 Settle settle = Settle::at_once);
  ~RepositoryLock();
  RepositoryLock(const RepositoryLock&) = delete;
  RepositoryLock& operator=(const RepositoryLock&) = delete;

  // Before each change. Waits until the lock has settled, and throws if it does not hold. Throws
  // Code::locked once it could not be refreshed in time: others may take it for stale, so nothing
  // may be written or deleted any more.
  void check() const;
  // Before anything is changed: without a lock, a prune could take away what is being written.
  // Throws Code::invalid_state if none was taken.
  void require_held() const;

 private:
  void acquire(Settle settle);
  void settle();
  void settle_later();
  void require_settled() const;
  void run_thread();
  void refresh_loop();
  bool is_too_old() const;
  std::optional<Id> write_lock();
  void refresh();
  void release() noexcept;
  void require_no_conflict() const;
  void require_no_conflict(const Id& id, std::optional<std::chrono::nanoseconds> age) const;

  Repository& repository_;
  const LockTiming timing_;
  LockInfo info_;
  std::optional<Id> id_;                           // the lock file at present
  std::atomic<UnixNs> refreshed_{0};               // 0: no lock was taken
  std::atomic<bool> lost_{false};                  // for good
  std::chrono::steady_clock::time_point written_;  // the first time
  std::atomic<bool> is_settled_{false};            // whether it holds; else look under the mutex
  std::optional<Error> unsettled_;                 // why it will not hold
  mutable std::mutex mutex_;
  mutable std::condition_variable settled_;
  std::condition_variable stop_;
  Cancel stopping_;  // also ends what a refresh waits for
  std::thread thread_;
};

// Whether a lock is left over: of a process of this host that is gone, or too old. Both by what it
// says itself and, where the storage tells it, by the age of the object: the clock of whoever wrote
// it may be wrong, and a live lock that is taken for stale costs data.
bool is_stale(const LockInfo& lock, UnixNs now,
              std::optional<std::chrono::nanoseconds> age_in_storage, const LockTiming& timing);

// Removes stale locks, or all. Returns how many.
uint64_t remove_locks(Repository& repository, bool all);

}  // namespace sapdr::core
