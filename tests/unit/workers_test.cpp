#include "base/workers.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "support.hpp"

using namespace sapdr::test;

TEST_CASE("workers: every task runs once before finish returns") {
  Workers workers(4, 8);
  std::vector<std::atomic<int>> runs(1000);
  for (auto& run : runs) workers.submit([&run] { ++run; });
  workers.finish();
  for (const auto& run : runs) REQUIRE(run == 1);
  CHECK_FALSE(workers.failed());
}

TEST_CASE("workers: may be used again after finish") {
  Workers workers(2, 2);
  std::atomic<int> runs = 0;
  for (int round = 0; round < 20; ++round) {
    workers.submit([&] { ++runs; });
    workers.finish();
    REQUIRE(runs == round + 1);
  }
  workers.finish();
}

TEST_CASE("workers: tasks run at the same time") {
  Workers workers(2, 2);
  std::atomic<int> arrived = 0;
  for (int i = 0; i < 2; ++i) {
    workers.submit([&] {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
  }
  workers.finish();
  CHECK(arrived == 2);
}

TEST_CASE("workers: a full queue makes the submitter wait") {
  Workers workers(1, 1);
  std::atomic<bool> may_go = false;
  std::atomic<int> submitted = 0;
  std::thread submitter([&] {
    for (int i = 0; i < 4; ++i) {
      workers.submit([&] {
        while (!may_go) std::this_thread::yield();
      });
      ++submitted;
    }
  });
  while (submitted < 2) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  CHECK(submitted == 2);  // one runs, one waits
  may_go = true;
  submitter.join();
  workers.finish();
  CHECK(submitted == 4);
}

TEST_CASE("workers: a task that submits to a full queue does the work itself") {
  Workers workers(1, 1);
  std::atomic<int> runs = 0;
  workers.submit([&] {
    for (int i = 0; i < 50; ++i) {
      workers.submit([&] {
        ++runs;
        workers.submit([&] { ++runs; });
      });
    }
  });
  workers.finish();
  CHECK(runs == 100);
}

TEST_CASE("workers: finish throws the first failure") {
  Workers workers(1, 8);
  workers.submit([] { throw Error(Code::checksum, "first"); });
  while (!workers.failed()) std::this_thread::yield();
  workers.fail(std::make_exception_ptr(Error(Code::io, "second")));
  try {
    workers.finish();
    FAIL("no exception");
  } catch (const Error& e) {
    CHECK(e.message() == "first");
  }
  CHECK(workers.failed());
  CHECK(code_of([&] { workers.submit([] {}); }) == Code::checksum);
  CHECK(code_of([&] { workers.finish(); }) == Code::checksum);
}

TEST_CASE("workers: after a failure no further task begins") {
  Workers workers(1, 100);
  std::atomic<bool> may_fail = false;
  std::atomic<int> runs = 0;
  workers.submit([&] {
    while (!may_fail) std::this_thread::yield();
    throw std::runtime_error("stop");
  });
  for (int i = 0; i < 50; ++i) workers.submit([&] { ++runs; });
  may_fail = true;
  CHECK_THROWS_AS(workers.finish(), std::runtime_error);
  CHECK(runs == 0);
}

TEST_CASE("workers: a failure wakes a submitter that waits") {
  Workers workers(1, 1);
  std::atomic<bool> may_go = false;
  for (int i = 0; i < 2; ++i) {
    workers.submit([&] {
      while (!may_go) std::this_thread::yield();
    });
  }
  std::thread failer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    workers.fail(std::make_exception_ptr(Error(Code::cancelled, "cancelled")));
    may_go = true;
  });
  const Code code = code_of([&] {
    while (true) workers.submit([] {});
  });
  CHECK(code == Code::cancelled);
  failer.join();
}

TEST_CASE("workers: what a task captured is gone when finish returns") {
  Workers workers(2, 2);
  auto shared = std::make_shared<int>(1);
  for (int i = 0; i < 10; ++i) workers.submit([shared] {});
  workers.finish();
  CHECK(shared.use_count() == 1);
}

TEST_CASE("workers: the destructor drops what waits") {
  std::atomic<int> runs = 0;
  {
    Workers workers(1, 100);
    std::atomic<bool> has_begun = false;
    workers.submit([&] {
      has_begun = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
    while (!has_begun) std::this_thread::yield();
    for (int i = 0; i < 50; ++i) workers.submit([&] { ++runs; });
  }
  CHECK(runs == 0);
}
