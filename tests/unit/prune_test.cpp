#include "operation/prune.hpp"

#include <mutex>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "format/lock.hpp"
#include "operation/check.hpp"
#include "operation/dump.hpp"
#include "repository/blob_writer.hpp"

using namespace sapdr::test;
using namespace std::chrono_literals;

namespace {

const PruneOptions at_once{.max_unused = MaxUnused("0"), .grace = 0ns};

CheckOptions all_data() {
  CheckOptions options;
  options.read_data = true;
  return options;
}

PruneOptions forgetting(const Id& snapshot) {
  PruneOptions options = at_once;
  options.without = {snapshot};
  options.forget = true;
  return options;
}

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  UnixNs now = now_ns();
  ContextPtr context =
      test_context({.pace = {}, .on_log = {}, .clock = [this] { return now; }, .random = {}});
  RepositoryPtr repository = make_repository(backend, 2, context);
  Random random;
  Progress progress;

  RepositoryPtr reopen() {
    OpenSettings settings = open_settings();
    settings.pack_size = 1 << 20;
    return Repository::open(context, backend, settings);
  }
  std::unique_ptr<PrunePlan> plan(const PruneOptions& options, const RepositoryPtr& on = nullptr) {
    return PrunePlan::make(on ? on : reopen(), options, progress);
  }
  PruneStats prune(const PruneOptions& options) {
    PruneStats result;
    plan(options)->run(result, progress);
    return result;
  }
  void forget(const Id& snapshot) { backend->erase({FileType::snapshot, snapshot.hex()}); }
  size_t packs() { return backend->names(FileType::pack).size(); }
  uint64_t stored_bytes() {
    uint64_t bytes = 0;
    backend->list(FileType::pack, [&](const ObjectInfo& pack) { bytes += pack.size; });
    return bytes;
  }
  // Everything is there, is right, and no pack is left over.
  void require_sound(uint64_t unreferenced = 0) {
    CheckResult result;
    CHECK_NOTHROW(check(*reopen(), all_data(), result, progress));
    CHECK(result.packs_unreferenced == unreferenced);
    CHECK(backend->names(FileType::lock).empty());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "prune: where all is needed nothing happens, not even an exclusive lock") {
  back_up(*repository, {{"/a", random.bytes(3'000'000)}});
  const auto before = backend->names(FileType::pack);
  const RepositoryLock other(*repository, LockMode::shared, progress);
  const PruneStats result = prune(at_once);
  CHECK(result.snapshots == 1);
  CHECK(result.blobs_unused == 0);
  CHECK(result.packs_removed == 0);
  CHECK(backend->names(FileType::pack) == before);
}

TEST_CASE_FIXTURE(Fixture, "prune: packs are marked first and removed when the grace is over") {
  const auto gone = back_up(*repository, {{"/a", random.bytes(3'000'000)}});
  back_up(*repository, {{"/b", random.bytes(2'000'000)}});
  forget(*gone.snapshot);
  const size_t before = packs();
  const PruneStats first = prune({});
  CHECK(first.packs_marked == 2);
  CHECK(first.bytes_marked > 3'000'000);
  CHECK(first.packs_removed == 0);
  const UnixNs due = now + std::chrono::nanoseconds(24h).count();
  CHECK(first.due == due);
  CHECK(packs() == before);
  require_sound(2);

  now += std::chrono::nanoseconds(23h).count();
  const PruneStats second = prune({});
  CHECK(second.packs_waiting == 2);
  CHECK(second.packs_marked == 0);
  CHECK(second.due == due);
  CHECK(packs() == before);

  now += std::chrono::nanoseconds(2h).count();
  const PruneStats third = prune({});
  CHECK(third.packs_removed == 2);
  CHECK(third.due == 0);
  CHECK(third.bytes_removed == first.bytes_marked);
  CHECK(packs() == before - 2);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture,
                  "prune: without grace packs are removed at once, those that waited too") {
  const auto first = back_up(*repository, {{"/a", random.bytes(3'000'000)}});
  const auto second = back_up(*repository, {{"/b", random.bytes(2'000'000)}});
  back_up(*repository, {{"/c", "kept"}});
  forget(*first.snapshot);
  prune({});
  forget(*second.snapshot);
  const PruneStats result = prune(at_once);
  CHECK(result.packs_removed == 4);
  CHECK(stored_bytes() < 10'000);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: what is needed moves out of packs that are mostly not") {
  const std::string kept = random.bytes(500'000);
  const auto gone = back_up(*repository, {{"/a", random.bytes(3'000'000)}, {"/b", kept}});
  back_up(*repository, {{"/b", kept}});
  forget(*gone.snapshot);
  SUBCASE("all of it") {
    const PruneStats result = prune(at_once);
    CHECK(result.packs_repacked >= 1);
    CHECK(result.bytes_repacked >= 500'000);
    CHECK(stored_bytes() < 520'000);
  }
  SUBCASE("not when that much may stay") {
    const PruneStats result = prune({.max_unused = MaxUnused("unlimited"), .grace = 0ns});
    CHECK(result.packs_repacked == 0);
    CHECK(result.bytes_unused_after > 2'900'000);
    CHECK(stored_bytes() > 3'000'000);
  }
  SUBCASE("not when it is more than shall be moved") {
    const PruneStats result =
        prune({.max_unused = MaxUnused("0"), .max_repack_size = 100'000, .grace = 0ns});
    CHECK(result.packs_repacked == 0);
  }
  require_sound();
  const auto fresh = reopen();
  fresh->load_index(progress);
  CHECK(as_text(fresh->load_blob(BlobType::data, sha256(as_bytes(kept)))) == kept);
}

TEST_CASE_FIXTURE(Fixture, "prune: of several copies one stays") {
  const std::string content = random.bytes(400'000);
  const auto other = reopen();  // knows nothing of what the first stores
  other->load_index(progress);
  back_up(*repository, {{"/a", content}});
  const RepositoryLock lock(*other, LockMode::shared, progress);
  BlobWriter writer(*other, lock, false);
  writer.save(BlobType::data, sha256(as_bytes(content)), as_bytes(content));
  writer.finish();
  const PruneStats planned = plan(at_once)->stats();
  CHECK(planned.blobs_duplicate == 1);
  CHECK(planned.bytes_duplicate > 400'000);
  CHECK(planned.blobs_unused == 0);
}

TEST_CASE_FIXTURE(Fixture, "prune: a snapshot that comes between plan and run keeps its packs") {
  const std::string content = random.bytes(3'000'000);
  const auto gone = back_up(*repository, {{"/a", content}});
  back_up(*repository, {{"/b", "kept"}});
  forget(*gone.snapshot);
  const auto planned = plan(at_once);
  CHECK(planned->stats().packs_removed == 2);
  const auto again = back_up(*reopen(), {{"/a", content}});
  CHECK(again.data_blobs_new == 0);
  PruneStats result;
  planned->run(result, progress);
  CHECK_MESSAGE(result.packs_removed == 0, "even the tree is the same");
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: blobs that were not moved stay when a new snapshot needs them") {
  const std::string unused = random.bytes(600'000);
  const std::string kept = random.bytes(600'000);
  const auto gone = back_up(*repository, {{"/a", unused}, {"/b", kept}});
  back_up(*repository, {{"/b", kept}});
  forget(*gone.snapshot);
  const auto planned = plan(at_once);
  CHECK(planned->stats().packs_repacked >= 1);
  back_up(*reopen(), {{"/c", unused}});
  PruneStats result;
  planned->run(result, progress);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: a handle that knew removed packs does not rely on them again") {
  const std::string content = random.bytes(1'000'000);
  const auto gone = back_up(*repository, {{"/a", content}});
  forget(*gone.snapshot);
  back_up(*repository, {{"/b", "kept"}});
  prune(at_once);
  const auto again = back_up(*repository, {{"/a", content}});
  CHECK(again.data_blobs_new > 0);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: packs that no index names go the same way") {
  back_up(*repository, {{"/a", "a"}});
  const std::string left_over = random.bytes(1000);
  backend->save({FileType::pack, sha256(as_bytes(left_over)).hex()}, as_bytes(left_over));
  const PruneStats first = prune({});
  CHECK(first.packs_marked == 1);
  CHECK(first.bytes_marked == 1000);
  CHECK(prune({}).packs_waiting == 1);
  CHECK(prune(at_once).packs_removed == 1);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: a plan can leave snapshots out, and is run once they are gone") {
  const auto first = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  back_up(*repository, {{"/b", "kept"}});
  PruneOptions options;
  options.without = {*first.snapshot};
  const auto planned = plan(options);
  CHECK(planned->stats().snapshots == 1);
  CHECK(planned->stats().packs_marked == 2);
  CHECK(planned->stats().due == now + std::chrono::nanoseconds(24h).count());
  PruneStats result;
  CHECK(code_of([&] { planned->run(result, progress); }) == Code::invalid_state);
  CHECK(result.packs_marked == 0);
  CHECK(plan({})->stats().packs_marked == 0);
  forget(*first.snapshot);
  planned->run(result, progress);
  CHECK(result.packs_marked == 2);
  require_sound(2);
}

TEST_CASE_FIXTURE(Fixture, "prune: it forgets what it was planned without, once it is alone") {
  const auto first = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  back_up(*repository, {{"/b", "kept"}});
  const PruneOptions options = forgetting(*first.snapshot);
  {
    const RepositoryLock other(*repository, LockMode::shared, progress);
    PruneStats result;
    const auto planned = plan(options);
    CHECK(code_of([&] { planned->run(result, progress); }) == Code::locked);
    CHECK(result.snapshots_removed == 0);
    CHECK(backend->names(FileType::snapshot).size() == 2);
  }
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) != "erase" || file.type != FileType::snapshot) return;
    const std::vector<std::string> locks = backend->names(FileType::lock);
    REQUIRE(locks.size() == 1);
    const Bytes lock = repository->load_unpacked(FileType::lock, *Id::parse(locks[0]));
    CHECK(parse_lock(as_text(lock), "it").exclusive);
    CHECK(packs() == 4);
  };
  const PruneStats result = prune(options);
  CHECK(result.snapshots_removed == 1);
  CHECK(result.packs_removed == 2);
  require_sound();
  CHECK(prune(options).snapshots_removed == 0);
}

TEST_CASE_FIXTURE(Fixture, "prune: it forgets also where no data goes with it") {
  const Files same{{"/a", "a"}};
  const auto first = back_up(*repository, same);
  back_up(*repository, same);
  const PruneOptions options = forgetting(*first.snapshot);
  const PruneStats result = prune(options);
  CHECK(result.snapshots_removed == 1);
  CHECK(result.packs_removed == 0);
  CHECK(backend->names(FileType::snapshot).size() == 1);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: a snapshot that cannot be forgotten ends it before data goes") {
  const auto first = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  back_up(*repository, {{"/b", "kept"}});
  const PruneOptions options = forgetting(*first.snapshot);
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) != "erase" || file.type != FileType::snapshot) return;
    throw Error(Code::permission, "not that one");
  };
  PruneStats result;
  const auto planned = plan(options);
  CHECK(code_of([&] { planned->run(result, progress); }) == Code::permission);
  CHECK(result.snapshots_removed == 0);
  CHECK(result.packs_removed == 0);
  CHECK(packs() == 4);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: what a plan left out counts again if it comes back") {
  const auto first = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  back_up(*repository, {{"/b", "kept"}});
  PruneOptions options = at_once;
  options.without = {*first.snapshot};
  const auto planned = plan(options);
  const FileName file{FileType::snapshot, first.snapshot->hex()};
  const Bytes snapshot = backend->content(file);
  forget(*first.snapshot);
  bool is_back = false;
  backend->before = [&](const char* call, const FileName& lock) {
    if (is_back || std::string_view(call) != "save" || lock.type != FileType::lock) return;
    is_back = true;
    backend->save(file, snapshot);
  };
  PruneStats result;
  planned->run(result, progress);
  CHECK(is_back);
  CHECK(result.packs_removed == 0);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: without locks there is a plan, but no run") {
  const auto gone = back_up(*repository, {{"/a", "a"}});
  forget(*gone.snapshot);
  OpenSettings settings = open_settings();
  settings.use_locks = false;
  const auto planned = plan(at_once, Repository::open(context, backend, settings));
  CHECK(planned->stats().packs_removed == 2);
  CHECK(backend->names(FileType::lock).empty());
  PruneStats result;
  CHECK(code_of([&] { planned->run(result, progress); }) == Code::invalid_state);
  CHECK(packs() == 2);
}

TEST_CASE_FIXTURE(Fixture, "prune: a run that failed tells what it did, and is not run again") {
  const std::string kept = random.bytes(600'000);
  const auto gone = back_up(*repository, {{"/a", random.bytes(3'000'000)}, {"/b", kept}});
  back_up(*repository, {{"/b", kept}});
  forget(*gone.snapshot);
  const auto planned = plan(at_once);
  CHECK(planned->stats().packs_repacked > 0);
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::pack) {
      throw Error(Code::no_space, "full");
    }
  };
  PruneStats result;
  CHECK(code_of([&] { planned->run(result, progress); }) == Code::no_space);
  CHECK(result.packs_repacked == 0);
  CHECK(result.bytes_repacked == 0);
  backend->before = {};
  CHECK(code_of([&] { planned->run(result, progress); }) == Code::invalid_state);
  CHECK(prune(at_once).packs_repacked > 0);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: a mark that stands in two index files counts once") {
  const auto gone = back_up(*repository, {{"/a", "a"}});
  back_up(*repository, {{"/b", "b"}});
  forget(*gone.snapshot);
  prune({});
  const auto handle = reopen();
  handle->load_index(progress);
  IndexFile again;
  for (const auto& [id, file] : handle->index_files().files()) {
    again.packs_to_delete.insert(again.packs_to_delete.end(), file.marked.begin(),
                                 file.marked.end());
  }
  REQUIRE(again.packs_to_delete.size() == 2);
  handle->save_unpacked(FileType::index, index_json(again));
  CHECK(prune({}).packs_waiting == 2);
  CHECK(prune(at_once).packs_removed == 2);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: a mark of a pack that an index names again does not count") {
  back_up(*repository, {{"/a", "a"}});
  IndexFile file;
  for (const std::string& pack : backend->names(FileType::pack)) {
    file.packs_to_delete.push_back({{Id::parse(pack).value(), {}}, 0, 1});
  }
  repository->save_unpacked(FileType::index, index_json(file));
  const PruneStats planned = plan({})->stats();
  CHECK(planned.packs_removed == 0);
  CHECK(planned.packs_waiting == 0);
  prune(at_once);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: marks of times that cannot be reckoned with") {
  back_up(*repository, {{"/a", "a"}});
  const std::string left_over = random.bytes(1000);
  const Id pack = sha256(as_bytes(left_over));
  backend->save({FileType::pack, pack.hex()}, as_bytes(left_over));
  const auto mark = [&](UnixNs time) {
    IndexFile file;
    file.packs_to_delete.push_back({{pack, {}}, time, left_over.size()});
    repository->save_unpacked(FileType::index, index_json(file));
  };
  SUBCASE("too late") {
    mark(INT64_MAX);
    const PruneStats result = prune({});
    CHECK(result.packs_waiting == 1);
    CHECK(result.due == INT64_MAX);
  }
  SUBCASE("too early") {
    mark(INT64_MIN);
    CHECK(prune({}).packs_removed == 1);
    require_sound();
  }
}

TEST_CASE_FIXTURE(Fixture, "prune: a mark from the future does not run out") {
  const auto gone = back_up(*repository, {{"/a", "a"}});
  back_up(*repository, {{"/b", "b"}});
  forget(*gone.snapshot);
  now += std::chrono::nanoseconds(1000h).count();
  prune({});
  now -= std::chrono::nanoseconds(1000h).count();
  const PruneStats result = prune({});
  CHECK(result.packs_waiting == 2);
  CHECK(result.packs_removed == 0);
}

TEST_CASE_FIXTURE(Fixture, "prune: a damaged repository is left as it is") {
  const auto kept = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  const auto gone = back_up(*repository, {{"/b", random.bytes(1'000'000)}});
  forget(*gone.snapshot);
  const auto run = [&] { return code_of([&] { prune(at_once); }); };
  SUBCASE("a pack that is needed is missing") {
    const auto place = repository->index().find(
        kept.snapshot ? load_snapshot(*repository, *kept.snapshot).tree : Id(), BlobType::tree);
    backend->erase({FileType::pack, repository->index().pack_id(place->pack).hex()});
    CHECK(run() == Code::corrupt);
  }
  SUBCASE("a snapshot cannot be read") {
    backend->flip_bit({FileType::snapshot, kept.snapshot->hex()}, 40);
    CHECK(run() == Code::corrupt);
  }
  SUBCASE("an index file cannot be read") {
    backend->flip_bit({FileType::index, backend->names(FileType::index).front()}, 40);
    CHECK(run() == Code::corrupt);
  }
  SUBCASE("a blob that would have to move is damaged") {
    const std::string small = random.bytes(500'000);  // less than the smallest chunk: one blob
    const auto third = back_up(*repository, {{"/c", small}, {"/d", random.bytes(2'000'000)}});
    back_up(*repository, {{"/c", small}});
    forget(*third.snapshot);
    const auto place = repository->index().find(sha256(as_bytes(small)), BlobType::data);
    REQUIRE(place);
    backend->flip_bit({FileType::pack, repository->index().pack_id(place->pack).hex()},
                      place->offset + 100);
    const size_t before = packs();
    CHECK(run() == Code::corrupt);
    CHECK(packs() >= before);
    return;
  }
  CHECK(packs() >= 3);
}

TEST_CASE_FIXTURE(Fixture, "prune: a missing pack that nothing needs only leaves the index") {
  const auto gone = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  const auto all = backend->names(FileType::pack);
  back_up(*repository, {{"/b", "b"}});
  forget(*gone.snapshot);
  for (const std::string& pack : all) backend->erase({FileType::pack, pack});
  const PruneStats result = prune(at_once);
  CHECK(result.packs_removed == 0);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: others that write keep it from its last part only") {
  const auto gone = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  forget(*gone.snapshot);
  const size_t before = packs();
  const auto planned = plan(at_once);
  PruneStats result;
  {
    const RepositoryLock writer(*repository, LockMode::shared, progress);
    CHECK(code_of([&] { planned->run(result, progress); }) == Code::locked);
  }
  CHECK(packs() == before);
  CHECK(code_of([&] { planned->run(result, progress); }) == Code::invalid_state);
  CHECK(prune(at_once).packs_removed == before);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: two at the same time do not harm each other") {
  const auto gone = back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  back_up(*repository, {{"/b", "b"}});
  forget(*gone.snapshot);
  const auto first = plan(at_once);
  const auto second = plan(at_once);
  PruneStats result;
  CHECK_MESSAGE(code_of([&] { first->run(result, progress); }) == Code::locked,
                "the other one holds its lock");
  CHECK_NOTHROW(second->run(result, progress));
  CHECK(result.packs_removed == 2);
  require_sound();
}

TEST_CASE_FIXTURE(Fixture, "prune: many small index files become one, many small packs few") {
  for (int i = 0; i < 12; ++i) back_up(*repository, {{"/a", random.bytes(1000)}});
  const auto gone = back_up(*repository, {{"/b", "b"}});
  forget(*gone.snapshot);
  const size_t before = packs();
  prune(at_once);
  CHECK(backend->names(FileType::index).size() == 1);
  CHECK(packs() == before - 2);
  PruneOptions options = at_once;
  options.repack_small = true;
  options.max_repack_size = 1;
  CHECK(plan(options)->stats().packs_repacked == 0);
  options.max_repack_size = 3000;
  CHECK(plan(options)->stats().packs_repacked > 1);
  CHECK(plan(options)->stats().bytes_repacked <= 3000);
  options.max_repack_size = UINT64_MAX;
  prune(options);
  CHECK(packs() == 2);
  require_sound();
}

// The process dies in, or right behind, each of its writes in turn.
TEST_CASE_FIXTURE(Fixture, "prune: killed at any write it costs nothing") {
  for (const bool is_done : {false, true}) {
    for (int n = 0;; ++n) {
      backend = std::make_shared<TestBackend>();
      repository = make_repository(backend, 2, context);
      const std::string kept = random.bytes(600'000);
      const auto gone = back_up(*repository, {{"/a", random.bytes(2'000'000)}, {"/b", kept}});
      back_up(*repository, {{"/b", kept}});
      forget(*gone.snapshot);
      const auto handle = reopen();
      int left = n;
      bool is_dead = false;
      bool is_last = false;
      std::recursive_mutex mutex;  // packs are removed by several threads
      backend->before = [&](const char* call, const FileName& file) {
        const std::lock_guard lock(mutex);
        if (is_last) return;
        const std::string_view name(call);
        const bool is_write = name == "save" || name == "erase";
        if (is_dead) throw Error(Code::io, "dead");
        if (!is_write || left-- > 0) return;
        is_dead = true;
        if (is_done && name == "erase") {
          is_last = true;
          backend->erase(file);
          is_last = false;
        }
        throw Error(Code::io, "killed");
      };
      PruneStats result;
      const Code code = code_of([&] { plan(at_once, handle)->run(result, progress); });
      const bool was_killed = is_dead;
      backend->before = {};
      if (!was_killed) {
        CHECK(code == Code::ok);
        break;
      }
      for (const std::string& lock : backend->names(FileType::lock)) {
        backend->erase({FileType::lock, lock});  // stale: its process is gone
      }
      CheckResult checked;
      CHECK_NOTHROW_MESSAGE(check(*reopen(), all_data(), checked, progress), "at write ", n);
      back_up(*reopen(), {{"/b", kept}, {"/c", "new"}});
      prune(at_once);
      require_sound();
    }
  }
}

TEST_CASE("prune: how much may stay unused") {
  CHECK(MaxUnused("5%").of(950) == 50);
  CHECK(MaxUnused("0").of(1000) == 0);
  CHECK(MaxUnused("0%").of(1000) == 0);
  CHECK(MaxUnused("2k").of(1) == 2048);
  CHECK(MaxUnused("3m").of(1) == 3 << 20);
  CHECK(MaxUnused("1T").of(1) == 1ULL << 40);
  CHECK(MaxUnused("unlimited").of(1) == UINT64_MAX);
  for (const char* text : {"", "-1", "5", "100%", "x", "%", "1.5G", "5 %"}) {
    const bool is_bytes = std::string_view(text) == "5";
    CHECK_MESSAGE(
        code_of([&] { MaxUnused{text}; }) == (is_bytes ? Code::ok : Code::invalid_argument), text);
  }
}
