#include <sys/wait.h>
#include <unistd.h>

#include "engine_support.hpp"
#include "repository/host.hpp"
#include "repository/lock.hpp"
#include "storage/retry.hpp"
#include "storage/secondary.hpp"

using namespace sapdr::test;
using namespace std::chrono_literals;

namespace {

constexpr LockTiming no_wait{.wait_before_recheck = 0ns};

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;

  size_t locks() { return backend->names(FileType::lock).size(); }
  // `age`: of the object in the storage.
  void write_lock(const LockInfo& lock, std::chrono::nanoseconds age = 0ns) {
    const std::string id = repository->save_unpacked(FileType::lock, lock_json(lock)).hex();
    backend->modified = [id, age](std::string_view name, UnixNs modified) {
      return name == id ? modified - age.count() : modified;
    };
  }
  // A lock of a process on a host that cannot be asked.
  LockInfo foreign(bool exclusive, std::chrono::nanoseconds age) {
    return {now_ns() - age.count(), exclusive, "elsewhere", "somebody", 4711, 1, 1};
  }
  Code take(LockMode mode) {
    return code_of([&] { RepositoryLock(*repository, mode, progress, no_wait); });
  }
};

// The number of a process that is gone for sure.
pid_t dead_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "lock: is there while held and gone afterwards") {
  {
    const RepositoryLock lock(*repository, LockMode::shared, progress, no_wait);
    CHECK(locks() == 1);
    CHECK_NOTHROW(lock.check());
  }
  CHECK(locks() == 0);
}

TEST_CASE_FIXTURE(Fixture, "lock: shared ones go together, an exclusive one goes alone") {
  const RepositoryLock shared(*repository, LockMode::shared, progress, no_wait);
  CHECK(take(LockMode::shared) == Code::ok);
  CHECK(take(LockMode::exclusive) == Code::locked);
  CHECK_MESSAGE(locks() == 1, "a refused lock leaves nothing behind");
}

TEST_CASE_FIXTURE(Fixture, "lock: nothing gets in beside an exclusive one") {
  const RepositoryLock exclusive(*repository, LockMode::exclusive, progress, no_wait);
  CHECK(take(LockMode::shared) == Code::locked);
  CHECK(take(LockMode::exclusive) == Code::locked);
}

TEST_CASE_FIXTURE(Fixture, "lock: one written by another just after the first look is noticed") {
  bool written = false;
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::lock && !written) {
      written = true;
      write_lock(foreign(true, 1s));
    }
  };
  CHECK(take(LockMode::shared) == Code::locked);
  CHECK(locks() == 1);
}

TEST_CASE_FIXTURE(Fixture, "lock: before changes, it waits for the second look and heeds it") {
  const LockTiming timing{.wait_before_recheck = 100ms};
  std::atomic<bool> is_away = false;
  backend->before = [&](const char* call, const FileName& file) {
    if (is_away && std::string_view(call) == "list" && file.type == FileType::lock) {
      throw Error(Code::io, "the storage is away");
    }
  };
  const auto begun = std::chrono::steady_clock::now();
  std::optional<RepositoryLock> lock;
  lock.emplace(*repository, LockMode::shared, progress, timing, Settle::before_changes);
  REQUIRE(locks() == 1);
  SUBCASE("nobody came") {
    CHECK_NOTHROW(lock->check());
    CHECK(std::chrono::steady_clock::now() - begun >= timing.wait_before_recheck);
    CHECK_NOTHROW(lock->check());
    CHECK(locks() == 1);
  }
  SUBCASE("somebody came") {
    const Id other = repository->save_unpacked(FileType::lock, lock_json(foreign(true, 0s)));
    CHECK(code_of([&] { lock->check(); }) == Code::locked);
    CHECK(code_of([&] { lock->check(); }) == Code::locked);
    CHECK_MESSAGE(locks() == 1, "ours is gone");
    backend->erase({FileType::lock, other.hex()});
  }
  SUBCASE("the second look fails") {
    is_away = true;
    CHECK(code_of([&] { lock->check(); }) == Code::io);
  }
  SUBCASE("it is given up before") {}
  lock.reset();
  CHECK(locks() == 0);
}

TEST_CASE_FIXTURE(Fixture, "lock: one that took long to write settles at once") {
  bool written = false;
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::lock && !written) {
      written = true;
      std::this_thread::sleep_for(60ms);
      write_lock(foreign(true, 0s));
    }
  };
  const LockTiming timing{.wait_before_recheck = 100ms};
  CHECK(code_of([&] {
          RepositoryLock(*repository, LockMode::shared, progress, timing, Settle::before_changes);
        }) == Code::locked);
  CHECK(locks() == 1);
}

TEST_CASE_FIXTURE(Fixture, "lock: whenever it ends, none of its files stays behind") {
  // What storage far away does: a call of a thread whose work is stopped ends with that.
  std::atomic<bool> waits = false;
  const auto wait_until_stopped = [&] {
    const Cancel* stop = CancelScope::current();
    if (stop == nullptr) return;
    waits = true;
    while (!stop->is_triggered()) std::this_thread::sleep_for(1ms);
    throw Error(Code::cancelled, "the operation was cancelled");
  };
  LockTiming timing{.wait_before_recheck = 10ms};
  std::string_view at;
  SUBCASE("while it settles") {
    at = "list";
  }
  SUBCASE("while it takes back a name that was refreshed") {
    at = "erase";
    timing.refresh = 10ms;
  }
  backend->before = [&](const char* call, const FileName& file) {
    if (file.type != FileType::lock) return;
    if (call == at || (waits && std::string_view(call) == "erase")) wait_until_stopped();
  };
  {
    const RepositoryLock lock(*repository, LockMode::shared, progress, timing,
                              Settle::before_changes);
    const auto end = std::chrono::steady_clock::now() + 1s;
    while (!waits && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  }
  CHECK(locks() == 0);
}

TEST_CASE_FIXTURE(Fixture, "lock: stale ones do not block: too old, or of a dead process here") {
  SUBCASE("older than half an hour") {
    write_lock(foreign(true, 31min), 31min);
  }
  SUBCASE("older than half an hour, in a storage that does not tell when objects were written") {
    write_lock(foreign(true, 31min));
    backend->modified = [](std::string_view, UnixNs) { return UnixNs{0}; };
  }
  SUBCASE("of a process of this host that is gone") {
    write_lock({now_ns(), true, host_name(), "me", dead_process(), 1, 1});
  }
  CHECK(take(LockMode::shared) == Code::ok);
  CHECK(remove_locks(*repository, false) == 1);
  CHECK(locks() == 0);
}

TEST_CASE_FIXTURE(Fixture, "lock: a live one of another host blocks and survives unlock") {
  write_lock(foreign(true, 29min));
  CHECK(take(LockMode::shared) == Code::locked);
  CHECK(remove_locks(*repository, false) == 0);
  CHECK(remove_locks(*repository, true) == 1);
  CHECK(take(LockMode::shared) == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "lock: one of a clock that is ahead is not stale") {
  write_lock(foreign(true, -10min));
  CHECK(take(LockMode::shared) == Code::locked);
}

TEST_CASE_FIXTURE(Fixture, "lock: one of the year 1 is stale") {
  LockInfo lock = foreign(true, 3h);
  lock.time = INT64_MIN;
  write_lock(lock, 3h);
  CHECK(take(LockMode::shared) == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "lock: one of a clock that is behind is alive while it is refreshed") {
  write_lock(foreign(true, 3h), 5min);
  CHECK(take(LockMode::shared) == Code::locked);
  CHECK(remove_locks(*repository, false) == 0);
  CHECK_MESSAGE(locks() == 1, "nothing but that lock is left");
}

TEST_CASE_FIXTURE(Fixture, "lock: one that cannot be read blocks until it is removed") {
  const Id id = repository->save_unpacked(FileType::lock, "{}");
  backend->flip_bit({FileType::lock, id.hex()}, 3);
  CHECK(take(LockMode::shared) == Code::locked);
  CHECK(remove_locks(*repository, false) == 0);
  CHECK(remove_locks(*repository, true) == 1);
}

TEST_CASE_FIXTURE(Fixture, "lock: is refreshed under a new name, the old one removed") {
  LockTiming timing = no_wait;
  timing.refresh = 5ms;
  const RepositoryLock lock(*repository, LockMode::shared, progress, timing);
  const auto first = backend->names(FileType::lock);
  for (int i = 0; i < 1000 && backend->names(FileType::lock) == first; ++i) {
    std::this_thread::sleep_for(5ms);
  }
  CHECK(backend->names(FileType::lock) != first);
  CHECK_NOTHROW(lock.check());
}

TEST_CASE_FIXTURE(Fixture, "lock: one that cannot be refreshed in time is lost") {
  LockTiming timing = no_wait;
  timing.refresh = 5ms;
  timing.give_up = 50ms;
  std::atomic<bool> is_away = false;
  backend->before = [&](const char* call, const FileName& file) {
    if (is_away && std::string_view(call) == "save" && file.type == FileType::lock) {
      throw Error(Code::io, "storage is away", Retry::yes);
    }
  };
  const RepositoryLock lock(*repository, LockMode::shared, progress, timing);
  is_away = true;
  const auto check = [&] { lock.check(); };
  for (int i = 0; i < 1000 && code_of(check) == Code::ok; ++i) std::this_thread::sleep_for(5ms);
  CHECK(code_of(check) == Code::locked);
}

TEST_CASE_FIXTURE(Fixture, "lock: one whose refresh hangs, and comes too late, is lost") {
  LockTiming timing = no_wait;
  timing.refresh = 5ms;
  timing.give_up = 50ms;
  std::atomic<bool> armed = false, hangs = false, may_go_on = false;
  const auto wait_until = [](auto holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) std::this_thread::sleep_for(5ms);
  };
  backend->before = [&](const char* call, const FileName& file) {
    if (!armed || std::string_view(call) != "save" || file.type != FileType::lock) return;
    hangs = true;
    wait_until([&] { return may_go_on.load(); });
  };
  const RepositoryLock lock(*repository, LockMode::shared, progress, timing);
  armed = true;
  wait_until([&] { return hangs.load(); });
  std::this_thread::sleep_for(timing.give_up);
  CHECK(code_of([&] { lock.check(); }) == Code::locked);
  const auto before = backend->names(FileType::lock);
  may_go_on = true;
  wait_until([&] { return backend->names(FileType::lock) != before; });
  CHECK(backend->names(FileType::lock) != before);
  CHECK(code_of([&] { lock.check(); }) == Code::locked);
}

TEST_CASE_FIXTURE(Fixture, "lock: the end of one does not wait for a refresh that is tried again") {
  LockTiming timing = no_wait;
  timing.refresh = 5ms;
  const BackendPtr retried =
      with_retry(test_context(), backend, {.min_wait = 10min, .max_wait = 10min});
  const auto patient = Repository::open(test_context(), retried, open_settings());
  std::atomic<bool> armed = false, failed = false;
  backend->before = [&](const char* call, const FileName& file) {
    if (!armed || std::string_view(call) != "save" || file.type != FileType::lock) return;
    failed = true;
    throw Error(Code::network, "storage is away", Retry::maybe);
  };
  auto lock = std::make_unique<RepositoryLock>(*patient, LockMode::shared, progress, timing);
  armed = true;
  for (int i = 0; i < 2000 && !failed; ++i) std::this_thread::sleep_for(5ms);
  REQUIRE(failed);
  const auto start = std::chrono::steady_clock::now();
  lock.reset();
  CHECK(std::chrono::steady_clock::now() - start < 1min);
  CHECK(locks() == 0);
}

TEST_CASE_FIXTURE(Fixture, "lock: reading from a second copy needs none, and changes are refused") {
  std::atomic<bool> is_away = false;
  const auto copy = std::make_shared<TestBackend>();
  for (const FileType type : {FileType::config, FileType::key}) {
    backend->list(type, [&](const ObjectInfo& object) {
      const FileName file{type, std::string(object.name)};
      copy->save(file, backend->load_all(file, 1 << 20));
    });
  }
  backend->before = [&](const char*, const FileName&) {
    if (is_away) throw Error(Code::network, "storage is away", Retry::maybe);
  };
  const BackendPtr both =
      with_secondary(test_context(), backend, copy, [] { return "of yesterday"; });
  const auto reader = Repository::open(test_context(), both, open_settings());
  LockTiming timing = no_wait;
  timing.refresh = 5ms;
  timing.give_up = 50ms;
  {
    const RepositoryLock before(*reader, LockMode::shared, progress, timing);
    is_away = true;
    reader->list(FileType::snapshot);
    std::this_thread::sleep_for(2 * timing.give_up);
    CHECK_NOTHROW(before.check());
    const RepositoryLock after(*reader, LockMode::shared, progress, timing);
    CHECK_NOTHROW(after.check());
    CHECK(code_of([&] { after.require_held(); }) == Code::network);
    CHECK(code_of([&] { RepositoryLock(*reader, LockMode::exclusive, progress, timing); }) ==
          Code::network);
  }
  CHECK(copy->names(FileType::lock).empty());
}

TEST_CASE_FIXTURE(Fixture, "lock: waits for another one as long as it was told") {
  OpenSettings settings = open_settings();
  settings.retry_lock_ns = std::chrono::nanoseconds(30s).count();
  const auto patient = Repository::open(test_context(), backend, settings);
  auto held = std::make_unique<RepositoryLock>(*repository, LockMode::exclusive, progress, no_wait);
  std::thread releaser([&] {
    std::this_thread::sleep_for(100ms);
    held.reset();
  });
  CHECK(code_of([&] { RepositoryLock(*patient, LockMode::shared, progress, no_wait); }) ==
        Code::ok);
  releaser.join();
}

TEST_CASE_FIXTURE(Fixture, "lock: who is ready to wait for others has one that holds") {
  OpenSettings settings = open_settings();
  settings.retry_lock_ns = std::chrono::nanoseconds(30s).count();
  const auto patient = Repository::open(test_context(), backend, settings);
  const LockTiming timing{.wait_before_recheck = 100ms};
  const auto begun = std::chrono::steady_clock::now();
  const RepositoryLock lock(*patient, LockMode::shared, progress, timing, Settle::before_changes);
  CHECK(std::chrono::steady_clock::now() - begun >= timing.wait_before_recheck);
}

TEST_CASE_FIXTURE(Fixture, "lock: waiting ends when it is cancelled") {
  OpenSettings settings = open_settings();
  settings.retry_lock_ns = std::chrono::nanoseconds(1h).count();
  const auto patient = Repository::open(test_context(), backend, settings);
  const RepositoryLock held(*repository, LockMode::exclusive, progress, no_wait);
  Cancel cancel;
  Progress watched(nullptr, &cancel);
  std::thread canceller([&] { cancel.trigger(); });
  CHECK(code_of([&] { RepositoryLock(*patient, LockMode::shared, watched, no_wait); }) ==
        Code::cancelled);
  canceller.join();
}

TEST_CASE_FIXTURE(Fixture, "lock: none is written for reading without locks") {
  OpenSettings settings = open_settings();
  settings.use_locks = false;
  const auto unlocked = Repository::open(test_context(), backend, settings);
  const RepositoryLock lock(*unlocked, LockMode::shared, progress, no_wait);
  CHECK(locks() == 0);
  CHECK_NOTHROW(lock.check());
  CHECK(code_of([&] { lock.require_held(); }) == Code::invalid_state);
  CHECK(code_of([&] { back_up(*unlocked, {{"/a", "a"}}); }) == Code::invalid_state);
  BackupOptions dry_run;
  dry_run.dry_run = true;
  CHECK_NOTHROW(back_up(*unlocked, {{"/a", "a"}}, dry_run));
}
