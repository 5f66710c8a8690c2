#include "capi/run.hpp"
#include "engine_support.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;
  sapdr::capi::Session session{repository, sapdr::capi::Index::none, progress, LockMode::shared,
                               Settle::before_changes};

  // What reading that ends so comes to.
  Code read(const std::function<void()>& work) {
    return code_of([&] { session.settled(work); });
  }
};

void find_damage() {
  throw Error(Code::corrupt, "a pack is missing");
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "session: what was read under a lock that settles is as it was found") {
  CHECK(read([] {}) == Code::ok);
  CHECK(read(find_damage) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "session: beside an exclusive lock nothing that was found counts") {
  const LockInfo other{now_ns(), true, "elsewhere", "somebody", 4711, 1, 1};
  repository->save_unpacked(FileType::lock, lock_json(other));
  CHECK(read(find_damage) == Code::locked);
  CHECK(read([] {}) == Code::locked);
}
