#include "repository/tree_blocks.hpp"

#include <atomic>
#include <thread>

#include "engine_support.hpp"
#include "repository/snapshots.hpp"
#include "repository/trees.hpp"

using namespace sapdr::test;

namespace {

constexpr uint64_t mib = 1 << 20;

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  TreeBlocks blocks{backend};
  Random random;
  std::atomic<int> loads{0};

  Fixture() {
    backend->before = [this](const char* call, const FileName&) {
      if (std::string_view(call) == "load") ++loads;
    };
  }

  std::pair<Id, std::string> store(size_t size) {
    std::pair<Id, std::string> pack(random.id(), random.bytes(size));
    backend->save({FileType::pack, pack.first.hex()}, as_bytes(pack.second));
    return pack;
  }
  // The part, or nothing if it is not to be had.
  std::optional<std::string> load(const std::pair<Id, std::string>& pack, uint64_t offset,
                                  size_t size) {
    Bytes out(size);
    const auto named_size = [&] { return pack.second.size(); };
    if (!blocks.load(pack.first, named_size, offset, out)) return std::nullopt;
    return std::string(as_text(out));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "tree blocks: what lies side by side is brought once, all of it right") {
  const auto pack = store(2 * mib + 1000);
  for (const auto& [offset, size] : {std::pair<uint64_t, size_t>{0, 1},
                                     {1000, 5000},
                                     {mib - 10, 20},
                                     {mib, mib},
                                     {2 * mib, 1000},
                                     {0, 2 * mib + 1000}}) {
    CAPTURE(offset);
    CHECK(load(pack, offset, size) == pack.second.substr(offset, size));
  }
  CHECK(loads == 3);
}

TEST_CASE_FIXTURE(Fixture, "tree blocks: what was dropped or had to go is not brought again") {
  const auto first = store(1000);
  CHECK(load(first, 0, 1000) == first.second);
  for (int i = 0; i < 40; ++i) {
    const auto other = store(100);
    CHECK(load(other, 0, 100) == other.second);
  }
  const auto last = store(1000);
  CHECK(load(last, 0, 1000) == last.second);
  const int n = loads;
  CHECK_FALSE(load(first, 0, 1000));
  CHECK(load(last, 10, 10) == last.second.substr(10, 10));
  blocks.drop(last.first);
  CHECK_FALSE(load(last, 0, 1000));
  CHECK(loads == n);
  blocks.forget();
  CHECK(load(first, 0, 1000) == first.second);
  CHECK(load(last, 0, 1000) == last.second);
  CHECK(loads == n + 2);
}

TEST_CASE_FIXTURE(Fixture, "tree blocks: a pack that is shorter than it should be, or gone") {
  auto pack = store(1000);
  pack.second.resize(5000);  // what the index says
  CHECK_FALSE(load(pack, 0, 10));
  CHECK_FALSE(load({random.id(), pack.second}, 0, 10));
  CHECK_FALSE(load(store(1000), 990, 11));
  const int n = loads;
  CHECK_FALSE(load(pack, 0, 10));
  CHECK(loads == n);
}

TEST_CASE_FIXTURE(Fixture, "tree blocks: what may pass is thrown, and the next one tries again") {
  const auto pack = store(1000);
  bool is_away = true;
  backend->before = [&](const char*, const FileName&) {
    if (is_away) throw Error(Code::network, "it is away", Retry::yes);
  };
  CHECK(code_of([&] { load(pack, 0, 10); }) == Code::network);
  is_away = false;
  CHECK(load(pack, 0, 10) == pack.second.substr(0, 10));
}

TEST_CASE_FIXTURE(Fixture, "tree blocks: of several threads that want a block one brings it") {
  const auto pack = store(mib);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (load(pack, i * 100, 100) == pack.second.substr(i * 100, 100)) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(loads == 1);
}

TEST_CASE("tree blocks: a walk far away without a cache asks a few times, not for each tree") {
  const auto backend = std::make_shared<TestBackend>();
  const RepositoryPtr repository = make_repository(backend);
  Files files;
  for (int i = 0; i < 100; ++i) files["/a/" + std::to_string(i) + "/b/file"] = std::to_string(i);
  back_up(*repository, files);
  std::atomic<int> loads{0};
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) == "load" && file.type == FileType::pack) ++loads;
  };
  const RepositoryPtr reader = Repository::open(test_context(), backend, open_settings());
  Progress progress;
  reader->load_index(progress);
  BlobSet seen(reader->index());
  std::atomic<int> trees{0};
  const auto visit = [&](const Id&, const std::vector<Node>* nodes, const Error*) {
    if (nodes != nullptr) ++trees;
  };
  visit_trees(*reader, {list_snapshots(*reader, {}).front().tree}, seen, visit, progress);
  CHECK(trees == 202);
  CHECK(loads == 1);
}
