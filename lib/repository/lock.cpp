#include "repository/lock.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/thread.hpp"
#include "base/workers.hpp"
#include "repository/host.hpp"

namespace sapdr::core {

namespace {

using Clock = std::chrono::steady_clock;

// How another process would be named to a user.
std::string describe(const LockInfo& lock) {
  return std::string(lock.exclusive ? "exclusively " : "") + "by " + lock.username + "@" +
         lock.hostname + ", process " + std::to_string(lock.pid) + ", since " +
         format_time(lock.time);
}

// Reads a lock; nothing if it is gone meanwhile.
std::optional<LockInfo> load_lock(Repository& repository, const Id& id) {
  try {
    const Bytes json = repository.load_unpacked(FileType::lock, id);
    return parse_lock(as_text(json), "lock " + id.hex());
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return std::nullopt;
    throw;
  }
}

// False if it was gone already.
bool erase_lock(Repository& repository, const Id& id) {
  try {
    repository.backend().erase({FileType::lock, id.hex()});
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return false;
    throw;
  }
}

// Where an error is being handled and nobody is left to throw to.
template <class What>
void warn(const Repository& repository, What what) noexcept {
  try {
    repository.context().log(LogLevel::warning, "repository",
                             what() + ": " + current_error().message());
  } catch (const std::bad_alloc&) {
    return;  // nor is there memory to say it
  }
}

// A lock of ours keeps others waiting until it is stale: where memory ran out, it may be there
// again.
void erase_own_lock(Repository& repository, const Id& id) {
  try {
    erase_lock(repository, id);
  } catch (const std::bad_alloc&) {
    erase_lock(repository, id);
  }
}

// That it stays, because the storage fails or lets nobody remove anything, is no reason to fail.
void leave_lock(Repository& repository, const Id& id) noexcept {
  try {
    erase_own_lock(repository, id);
  } catch (...) {
    warn(repository, [&] { return "lock " + id.hex() + " stays behind until it is stale"; });
  }
}

LockInfo own_lock(const Context& context, LockMode mode) {
  LockInfo info;
  info.time = context.now();
  info.exclusive = mode == LockMode::exclusive;
  info.hostname = host_name();
  info.username = user_name();
  info.pid = getpid();
  info.uid = getuid();
  info.gid = getgid();
  return info;
}

// All locks as the storage lists them, with their ages by its own clock: what was just written
// (`fresh`) is of age zero.
struct StoredLock {
  Id id;
  UnixNs modified = 0;
  std::optional<std::chrono::nanoseconds> age;
};

std::vector<StoredLock> list_locks(Repository& repository, const std::optional<Id>& fresh) {
  std::vector<StoredLock> locks;
  UnixNs now = 0;
  repository.backend().list(FileType::lock, [&](const ObjectInfo& object) {
    const auto id = Id::parse(object.name);
    if (!id) return;
    locks.push_back({*id, object.modified, {}});
    if (id == fresh) now = object.modified;
  });
  for (StoredLock& lock : locks) {
    if (now != 0 && lock.modified != 0) lock.age = std::chrono::nanoseconds(now - lock.modified);
  }
  return locks;
}

}  // namespace

bool is_stale(const LockInfo& lock, UnixNs now,
              std::optional<std::chrono::nanoseconds> age_in_storage, const LockTiming& timing) {
  const bool is_old = lock.time < now - timing.stale.count();  // hostile times must not overflow
  if (is_old && (!age_in_storage || *age_in_storage > timing.stale)) return true;
  if (lock.hostname != host_name() || lock.pid <= 0) return false;
  return kill(static_cast<pid_t>(lock.pid), 0) != 0 && errno == ESRCH;
}

RepositoryLock::RepositoryLock(Repository& repository, LockMode mode, Progress& progress,
                               LockTiming timing, Settle settle)
    : repository_(repository), timing_(timing) {
  repository.context().check_process();
  if (mode == LockMode::shared && !repository.settings().use_locks) return;
  if (mode == LockMode::shared && repository.backend().is_read_only()) return;
  info_ = own_lock(repository.context(), mode);
  const auto deadline =
      Clock::now() + std::chrono::nanoseconds(repository.settings().retry_lock_ns);
  std::chrono::nanoseconds pause = std::chrono::milliseconds(500);
  if (deadline > Clock::now()) settle = Settle::at_once;
  while (true) {
    try {
      acquire(settle);
      break;
    } catch (const Error& error) {
      const auto now = Clock::now();
      if (error.code() != Code::locked || now >= deadline) throw;
      const auto until = std::min<Clock::time_point>(deadline, now + pause);
      while (Clock::now() < until) {
        progress.checkpoint();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      pause = std::min<std::chrono::nanoseconds>(pause * 2, std::chrono::seconds(10));
    }
  }
  refreshed_ = info_.time;
  try {
    thread_ = start_thread([this] { run_thread(); });
  } catch (...) {
    release();
    throw;
  }
}

RepositoryLock::~RepositoryLock() {
  {
    const std::lock_guard lock(mutex_);
    stopping_.trigger();
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
  release();
}

void RepositoryLock::release() noexcept {
  if (id_) leave_lock(repository_, *id_);
  id_.reset();
}

void RepositoryLock::require_held() const {
  if (thread_.joinable()) return;
  if (repository_.backend().is_read_only()) {
    throw Error(Code::network, repository_.backend().location() +
                                   " is away and its second copy is read: nothing can be changed "
                                   "until it is back");
  }
  throw Error(Code::invalid_state,
              "the repository was opened without locks, which is for reading only; open it with "
              "locks to change it");
}

bool RepositoryLock::is_too_old() const {
  const UnixNs refreshed = refreshed_;
  return refreshed != 0 && repository_.context().now() - refreshed > timing_.give_up.count();
}

// By the clock, not by what the thread found: it may hang in a storage that does not answer.
void RepositoryLock::check() const {
  require_settled();
  if (!lost_ && !is_too_old()) return;
  // No lock keeps a prune away from a second copy, and none can be refreshed.
  if (!info_.exclusive && repository_.backend().is_read_only()) return;
  throw Error(Code::locked,
              "the lock could not be refreshed for more than 22 minutes, others may take it for "
              "stale; run the operation again");
}

// Returns what stands for the lock no longer.
std::optional<Id> RepositoryLock::write_lock() {
  info_.time = repository_.context().now();
  const Id fresh = repository_.save_unpacked(FileType::lock, lock_json(info_));
  return std::exchange(id_, fresh);
}

void RepositoryLock::refresh() {
  std::optional<Id> old;
  {
    const CancelScope scope(&stopping_);
    old = write_lock();
  }
  if (old) leave_lock(repository_, *old);
}

// Those of clients that may not remove anything stay, and become many.
void RepositoryLock::require_no_conflict() const {
  std::vector<StoredLock> others = list_locks(repository_, id_);
  std::erase_if(others, [&](const StoredLock& stored) { return stored.id == id_; });
  const auto threads = std::min<size_t>(repository_.reads_at_once(), others.size());
  Workers workers(static_cast<unsigned>(threads), 64);
  for (const StoredLock& stored : others) {
    workers.submit([&] { require_no_conflict(stored.id, stored.age); });
  }
  workers.finish();
}

void RepositoryLock::require_no_conflict(const Id& id,
                                         std::optional<std::chrono::nanoseconds> age) const {
  std::optional<LockInfo> other;
  try {
    other = load_lock(repository_, id);
  } catch (const Error& error) {
    if (error.code() != Code::corrupt) throw;
    throw Error(Code::locked, "lock " + id.hex() +
                                  " cannot be read; if nothing else uses the repository, "
                                  "remove it with unlock --remove-all")
        .because(error);
  }
  if (!other || is_stale(*other, repository_.context().now(), age, timing_)) return;
  if (info_.exclusive || other->exclusive) {
    throw Error(Code::locked, "the repository at " + repository_.backend().location() +
                                  " is locked " + describe(*other) +
                                  "; wait for it, or unlock if that process is gone");
  }
}

// Conflicts are looked for before our lock is written and once more after everybody who saw nothing
// had time to write theirs. Only the second look knows the ages by the clock of the storage.
//
// What is read between the looks holds too: a prune that removes what was read would have a lock
// that the second look finds, or have had it before ours was written and, unless that took longer
// than others wait, at the first look. So it settles at once if it was that slow.
void RepositoryLock::acquire(Settle settle) {
  const auto begun = Clock::now();
  require_no_conflict();
  write_lock();
  written_ = Clock::now();
  const bool was_slow = written_ - begun >= timing_.wait_before_recheck / 2;
  if (settle == Settle::before_changes && !was_slow) return;
  std::this_thread::sleep_until(written_ + timing_.wait_before_recheck);
  try {
    this->settle();
  } catch (...) {
    release();
    throw;
  }
}

void RepositoryLock::settle() {
  require_no_conflict();
  is_settled_ = true;
}

// On the lock's own thread, for whom it may concern.
void RepositoryLock::settle_later() {
  std::unique_lock lock(mutex_);
  const auto is_stopping = [&] { return stopping_.is_triggered(); };
  if (stop_.wait_until(lock, written_ + timing_.wait_before_recheck, is_stopping)) return;
  lock.unlock();
  std::optional<Error> failure;
  try {
    const CancelScope scope(&stopping_);
    settle();
  } catch (...) {
    failure = current_error();
  }
  if (failure) release();
  lock.lock();
  unsettled_ = std::move(failure);
  settled_.notify_all();
}

void RepositoryLock::require_settled() const {
  if (is_settled_ || !thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [&] { return is_settled_ || unsettled_; });
  if (unsettled_) throw Error(*unsettled_);
}

// The end of the lock ends what this thread waits for in the storage, but for a removal of its own
// files: those must not stay behind.
void RepositoryLock::run_thread() {
  if (!is_settled_) settle_later();
  if (is_settled_) refresh_loop();
}

void RepositoryLock::refresh_loop() {
  auto next = Clock::now() + timing_.refresh;
  const auto poll =
      std::min<std::chrono::nanoseconds>(std::chrono::seconds(1), timing_.refresh / 5);
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, poll, [&] { return stopping_.is_triggered(); })) {
    // The wall clock, not the steady one: a machine that slept for an hour has lost its lock.
    lost_ = lost_ || is_too_old();
    if (lost_ || repository_.backend().is_read_only()) return;
    if (Clock::now() < next) continue;
    lock.unlock();
    try {
      refresh();
      lost_ = is_too_old();  // it came too late: meanwhile others may have taken it for stale
      refreshed_ = info_.time;
      next = Clock::now() + timing_.refresh;
    } catch (...) {  // told, and tried again at the next poll until it is too late
      warn(repository_, [] { return std::string("the lock could not be refreshed"); });
    }
    lock.lock();
  }
}

namespace {

uint64_t remove_all_locks(Repository& repository) {
  uint64_t removed = 0;
  for (const Id& id : repository.list(FileType::lock))
    removed += erase_lock(repository, id) ? 1 : 0;
  return removed;
}

bool is_left_over(Repository& repository, const StoredLock& stored) {
  try {
    const auto lock = load_lock(repository, stored.id);
    return lock && is_stale(*lock, repository.context().now(), stored.age, LockTiming{});
  } catch (const Error& error) {
    if (error.code() != Code::corrupt) throw;
    repository.context().log(LogLevel::warning, "repository", error.message());
    return false;
  }
}

}  // namespace

uint64_t remove_locks(Repository& repository, bool all) {
  if (all) return remove_all_locks(repository);
  // Written to learn what time it is for the storage; it blocks nobody who reads or backs up.
  const std::string probe = lock_json(own_lock(repository.context(), LockMode::shared));
  const Id fresh = repository.save_unpacked(FileType::lock, probe);
  uint64_t removed = 0;
  try {
    for (const StoredLock& stored : list_locks(repository, fresh)) {
      if (stored.id == fresh || !is_left_over(repository, stored)) continue;
      removed += erase_lock(repository, stored.id) ? 1 : 0;
    }
  } catch (...) {
    leave_lock(repository, fresh);
    throw;
  }
  erase_own_lock(repository, fresh);
  return removed;
}

}  // namespace sapdr::core
