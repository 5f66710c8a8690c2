// Every operation, with each call to the storage failing in turn: it ends in an error or rides it
// out, and harms nothing.
#include <atomic>
#include <functional>

#include "engine_support.hpp"
#include "operation/check.hpp"
#include "operation/copy.hpp"
#include "operation/dump.hpp"
#include "operation/forget.hpp"
#include "operation/prune.hpp"
#include "operation/repair.hpp"
#include "repository/snapshots.hpp"

using namespace sapdr::test;
using namespace std::chrono_literals;

namespace {

const Files first_files{{"/kept", std::string(200'000, 'k')},
                        {"/gone", std::string(1'500'000, 'g')}};
const Files second_files{{"/kept", std::string(200'000, 'k')}, {"/new", "new"}};

// Two snapshots, the first of which is to go; made anew for each call that fails.
struct Bench {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  std::shared_ptr<TestBackend> other = std::make_shared<TestBackend>();
  Id first, second;
  Progress progress;

  Bench() {
    const RepositoryPtr repository = make_repository(backend);
    make_repository(other);
    first = *back_up(*repository, first_files).snapshot;
    second = *back_up(*repository, second_files).snapshot;
  }
  RepositoryPtr open(const std::shared_ptr<TestBackend>& storage) {
    return Repository::open(test_context(), storage, open_settings());
  }
  RepositoryPtr open() { return open(backend); }
  std::string read(const Id& snapshot, const std::string& path) {
    const RepositoryPtr repository = open();
    repository->load_index(progress);
    std::string content;
    dump(
        *repository, find_snapshot(*repository, snapshot.hex(), {}), path,
        [&](ByteView piece) { content += as_text(piece); }, progress);
    return content;
  }
};

using Operation = std::function<void(Bench& bench)>;

void erase_first(Bench& bench) {
  bench.backend->erase({FileType::snapshot, bench.first.hex()});
}

// Locks that could not be removed are left; their owner is this process, which is alive.
void remove_locks(TestBackend& backend) {
  for (const std::string& lock : backend.names(FileType::lock)) {
    backend.erase({FileType::lock, lock});
  }
}

// What has to hold, whatever failed.
void require_sound(Bench& bench) {
  remove_locks(*bench.backend);
  remove_locks(*bench.other);
  for (const auto& storage : {bench.backend, bench.other}) {
    CheckOptions options;
    options.read_data = true;
    CheckResult result;
    CHECK_NOTHROW(check(*bench.open(storage), options, result, bench.progress));
  }
  CHECK(bench.read(bench.second, "/kept") == first_files.at("/kept"));
  CHECK(bench.read(bench.second, "/new") == "new");
  CHECK_NOTHROW(back_up(*bench.open(), second_files));
}

// Calls `operation` with its N-th call to the storage failing, N = 1, 2, …, until none fails.
void fail_each_call(const Operation& prepare, const Operation& operation) {
  for (int fail_at = 1;; ++fail_at) {
    CAPTURE(fail_at);
    REQUIRE(fail_at < 1000);
    Bench bench;
    prepare(bench);
    std::atomic<int> calls{0};
    std::atomic<bool> has_failed{false};
    const auto fail = [&](const char* call, const FileName& file) {
      if (++calls != fail_at) return;
      has_failed = true;
      throw Error(Code::io, std::string(call) + " of " + to_string(file) + " fails");
    };
    bench.backend->before = fail;
    bench.other->before = fail;
    const Code code = code_of([&] { operation(bench); });
    bench.backend->before = {};
    bench.other->before = {};
    CAPTURE(static_cast<int>(code));
    if (!has_failed) {
      CHECK(code == Code::ok);
      return;
    }
    // Told as what it is, or as what follows from it: for the items it hit, for the next lock if an
    // own one could not be removed.
    const bool is_expected = code == Code::ok || code == Code::io || code == Code::incomplete ||
                             code == Code::corrupt || code == Code::not_found ||
                             code == Code::locked;
    CHECK(is_expected);
    require_sound(bench);
  }
}

void nothing(Bench&) {}

}  // namespace

TEST_CASE("n-th call fails: backup") {
  fail_each_call(nothing, [](Bench& bench) { back_up(*bench.open(), first_files); });
}

TEST_CASE("n-th call fails: forget") {
  fail_each_call(nothing, [](Bench& bench) {
    const RepositoryPtr repository = bench.open();
    const RepositoryLock lock(*repository, LockMode::shared, bench.progress,
                              {.wait_before_recheck = 0ns});
    ForgetOptions options;
    options.policy.keep[static_cast<size_t>(Period::last)] = 1;
    auto decisions = plan_forget(*repository, {}, options);
    std::atomic<uint64_t> removed{0};
    run_forget(*repository, lock, decisions, removed, bench.progress);
  });
}

TEST_CASE("n-th call fails: prune") {
  fail_each_call(erase_first, [](Bench& bench) {
    PruneOptions options{.max_unused = MaxUnused("0"), .grace = 0ns};
    PruneStats stats;
    PrunePlan::make(bench.open(), options, bench.progress)->run(stats, bench.progress);
  });
}

TEST_CASE("n-th call fails: copy") {
  fail_each_call(nothing, [](Bench& bench) {
    const RepositoryPtr from = bench.open();
    const RepositoryPtr to = bench.open(bench.other);
    const LockTiming timing{.wait_before_recheck = 0ns};
    const RepositoryLock from_lock(*from, LockMode::shared, bench.progress, timing);
    const RepositoryLock to_lock(*to, LockMode::shared, bench.progress, timing);
    to->load_index(bench.progress);
    CopyResult result;
    copy({*from, from_lock}, {*to, to_lock}, {}, result, bench.progress);
  });
}

TEST_CASE("n-th call fails: repair of the index") {
  fail_each_call(
      [](Bench& bench) {
        bench.backend->erase({FileType::index, bench.backend->names(FileType::index).front()});
      },
      [](Bench& bench) {
        RepairIndexResult result;
        const Code code = code_of([&] { repair_index(*bench.open(), {}, result, bench.progress); });
        // The index is missing until a repair has succeeded.
        bench.backend->before = {};
        remove_locks(*bench.backend);
        RepairIndexResult again;
        repair_index(*bench.open(), {}, again, bench.progress);
        if (code != Code::ok) throw Error(code, "the repair failed");
      });
}

TEST_CASE("n-th call fails: repair of snapshots") {
  fail_each_call(nothing, [](Bench& bench) {
    RepairSnapshotsResult result;
    repair_snapshots(*bench.open(), {}, result, bench.progress);
  });
}

TEST_CASE("n-th call fails: check") {
  fail_each_call(nothing, [](Bench& bench) {
    CheckOptions options;
    options.read_data = true;
    CheckResult result;
    check(*bench.open(), options, result, bench.progress);
  });
}
