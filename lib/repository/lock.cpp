#include "repository/lock.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

}  // namespace

bool is_stale(const LockInfo& lock, UnixNs now, const LockTiming& timing) {
  if (now - lock.time > timing.stale.count()) return true;
  if (lock.hostname != host_name() || lock.pid <= 0) return false;
  return kill(static_cast<pid_t>(lock.pid), 0) != 0 && errno == ESRCH;
}

RepositoryLock::RepositoryLock(Repository& repository, LockMode mode, Progress& progress,
                               LockTiming timing)
    : repository_(repository), timing_(timing) {
  repository.context().check_process();
  if (mode == LockMode::shared && !repository.settings().use_locks) return;
  info_.exclusive = mode == LockMode::exclusive;
  info_.hostname = host_name();
  info_.username = user_name();
  info_.pid = getpid();
  info_.uid = getuid();
  info_.gid = getgid();
  const auto deadline =
      Clock::now() + std::chrono::nanoseconds(repository.settings().retry_lock_ns);
  std::chrono::nanoseconds pause = std::chrono::milliseconds(500);
  while (true) {
    try {
      acquire();
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
  thread_ = std::thread([this] { refresh_loop(); });
}

RepositoryLock::~RepositoryLock() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (!id_) return;
  try {
    erase_lock(repository_, *id_);
  } catch (const Error& error) {
    repository_.context().log(LogLevel::warning, "repository",
                              "lock " + id_->hex() + " stays behind: " + error.message());
  }
}

void RepositoryLock::throw_lost() {
  throw Error(Code::locked,
              "the lock could not be refreshed for more than 22 minutes, others may take it for "
              "stale; run the operation again");
}

void RepositoryLock::write_lock() {
  info_.time = repository_.context().now();
  const Id fresh = repository_.save_unpacked(FileType::lock, lock_json(info_));
  const std::optional<Id> old = std::exchange(id_, fresh);
  if (old) erase_lock(repository_, *old);
}

// Conflicts are looked for before our lock is written and once more after everybody who saw nothing
// had time to write theirs.
void RepositoryLock::acquire() {
  const auto check_others = [&] {
    for (const Id& id : repository_.list(FileType::lock)) {
      if (id_ && id == *id_) continue;
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
      if (!other || is_stale(*other, repository_.context().now(), timing_)) continue;
      if (info_.exclusive || other->exclusive) {
        throw Error(Code::locked, "the repository at " + repository_.backend().location() +
                                      " is locked " + describe(*other) +
                                      "; wait for it, or unlock if that process is gone");
      }
    }
  };
  check_others();
  write_lock();
  try {
    std::this_thread::sleep_for(timing_.wait_before_recheck);
    check_others();
  } catch (...) {
    erase_lock(repository_, *id_);
    id_.reset();
    throw;
  }
}

void RepositoryLock::refresh_loop() {
  // The wall clock, not the steady one: a machine that slept for an hour has lost its lock.
  UnixNs refreshed = repository_.context().now();
  auto next = Clock::now() + timing_.refresh;
  const auto poll =
      std::min<std::chrono::nanoseconds>(std::chrono::seconds(1), timing_.refresh / 5);
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, poll, [&] { return stopping_; })) {
    if (repository_.context().now() - refreshed > timing_.give_up.count()) {
      lost_ = true;
      return;
    }
    if (Clock::now() < next) continue;
    try {
      write_lock();
      refreshed = info_.time;
      next = Clock::now() + timing_.refresh;
    } catch (...) {  // told, and tried again at the next poll until it is too late
      repository_.context().log(LogLevel::warning, "repository",
                                "the lock could not be refreshed: " + current_error().message());
    }
  }
}

uint64_t remove_locks(Repository& repository, bool all) {
  uint64_t removed = 0;
  for (const Id& id : repository.list(FileType::lock)) {
    if (!all) {
      std::optional<LockInfo> lock;
      try {
        lock = load_lock(repository, id);
      } catch (const Error& error) {
        if (error.code() != Code::corrupt) throw;
        repository.context().log(LogLevel::warning, "repository", error.message());
      }
      if (!lock || !is_stale(*lock, repository.context().now(), LockTiming{})) continue;
    }
    if (erase_lock(repository, id)) ++removed;
  }
  return removed;
}

}  // namespace sapdr::core
