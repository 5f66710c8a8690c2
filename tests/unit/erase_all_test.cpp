#include "repository/erase_all.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>

#include "engine_support.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  Random random;
  std::vector<Id> ids;

  Fixture() {
    for (int i = 0; i < 40; ++i) {
      ids.push_back(random.id());
      backend->save({FileType::index, ids.back().hex()}, as_bytes("x"));
    }
  }
  size_t left() { return backend->names(FileType::index).size(); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "erase all: each goes, told once, also if it is gone already") {
  backend->erase({FileType::index, ids[7].hex()});
  std::atomic<size_t> asked{0};
  std::vector<size_t> told;
  erase_all(
      *backend, FileType::index, ids, [&] { ++asked; }, [&](size_t at) { told.push_back(at); });
  CHECK(left() == 0);
  CHECK(asked == ids.size());
  std::sort(told.begin(), told.end());
  CHECK(told.size() == ids.size());
  CHECK(std::adjacent_find(told.begin(), told.end()) == told.end());
  erase_all(*backend, FileType::index, {}, [&] { ++asked; });
  CHECK(asked == ids.size());
}

TEST_CASE_FIXTURE(Fixture, "erase all: as many at once as the storage can use") {
  backend->parallel = 5;
  std::mutex mutex;
  std::condition_variable all_there;
  size_t n = 0;
  // The first five wait for each other: with fewer threads it would not end.
  erase_all(*backend, FileType::index, ids, [&] {
    std::unique_lock lock(mutex);
    ++n;
    all_there.notify_all();
    CHECK(all_there.wait_for(lock, std::chrono::seconds(60), [&] { return n >= 5; }));
  });
  CHECK(left() == 0);
}

TEST_CASE_FIXTURE(Fixture, "erase all: the first failure ends it, and the rest stays") {
  backend->parallel = 1;
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) != "erase" || file.name != ids[10].hex()) return;
    throw Error(Code::permission, "not that one");
  };
  CHECK(code_of([&] { erase_all(*backend, FileType::index, ids, [] {}); }) == Code::permission);
  CHECK(left() == 30);
  const auto lose_lock = [] { throw Error(Code::locked, "the lock is lost"); };
  CHECK(code_of([&] { erase_all(*backend, FileType::index, ids, lose_lock); }) == Code::locked);
  CHECK(left() == 30);
}
