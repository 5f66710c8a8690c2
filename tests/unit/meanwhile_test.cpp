// Snapshots that others store, or forget, while an operation of ours is at its beginning.
#include <sapdr/sapdr.h>

#include <filesystem>

#include "capi/handles.hpp"
#include "engine_support.hpp"
#include "operation/check.hpp"
#include "operation/prune.hpp"

using namespace sapdr::test;

namespace {

// Somebody else stores a snapshot just before our operation looks which there are: after it read
// the index, if it does that first.
struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr other = make_repository(backend);
  RepositoryPtr ours;
  Random random;
  Progress progress;
  int n_stored = 0;

  Fixture() { store(); }

  void store() { back_up(*other, {{"/a/b", random.bytes(1000) + std::to_string(++n_stored)}}); }
  void store_meanwhile() {
    backend->before = [this](const char* call, const FileName& file) {
      if (std::string_view(call) != "list" || file.type != FileType::snapshot) return;
      backend->before = {};
      store();
    };
  }
  // A handle that has not read anything yet, as the C ABI has it.
  sapdr_repo fresh() {
    ours = Repository::open(test_context(), backend, open_settings());
    store_meanwhile();
    return {ours, "memory:"};
  }
  void require_stored(sapdr_status status, sapdr_error* error) {
    CHECK_MESSAGE(status == SAPDR_OK, std::string(sapdr_error_message(error)));
    CHECK_MESSAGE(n_stored == 2, "nothing was stored meanwhile");
    sapdr_error_free(error);
  }
};

sapdr_status discard(void*, const void*, size_t, sapdr_error**) {
  return SAPDR_OK;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "meanwhile: a snapshot that comes is as whole as the others") {
  sapdr_repo repo = fresh();
  sapdr_error* err = nullptr;
  SUBCASE("check") {
    require_stored(sapdr_check_run(nullptr, &repo, nullptr, &err), err);
  }
  SUBCASE("stats") {
    sapdr_stats_result stats;
    SAPDR_INIT(&stats);
    require_stored(sapdr_stats_run(&stats, &repo, nullptr, nullptr, nullptr, &err), err);
    CHECK(stats.snapshots == 2);
  }
  SUBCASE("stats of the latest") {
    sapdr_stats_result stats;
    SAPDR_INIT(&stats);
    require_stored(sapdr_stats_run(&stats, &repo, "latest", nullptr, nullptr, &err), err);
  }
  SUBCASE("a folder of it") {
    sapdr_snapshot* snapshot = nullptr;
    require_stored(sapdr_snapshot_get(&snapshot, &repo, "latest:/a", nullptr, &err), err);
    sapdr_snapshot_free(snapshot);
  }
  SUBCASE("walk") {
    sapdr_walk* walk = nullptr;
    require_stored(sapdr_walk_new(&walk, &repo, "latest", nullptr, nullptr, &err), err);
    const sapdr_node* node = nullptr;
    require_stored(sapdr_walk_next(&node, walk, &err), err);
    sapdr_walk_free(walk);
  }
  SUBCASE("dump") {
    require_stored(
        sapdr_dump_run(&repo, "latest", nullptr, "/a/b", discard, nullptr, nullptr, &err), err);
  }
  SUBCASE("restore") {
    const auto target = std::filesystem::temp_directory_path() / "sapdr-never-made";
    sapdr_restore_plan* plan = nullptr;
    require_stored(
        sapdr_restore_plan_new(&plan, &repo, "latest", nullptr, target.c_str(), nullptr, &err),
        err);
    sapdr_restore_stats stats;
    SAPDR_INIT(&stats);
    require_stored(sapdr_restore_plan_stats(plan, &stats, &err), err);
    CHECK(stats.files == 1);
    CHECK(stats.items_failed == 0);
    sapdr_restore_plan_free(plan);
  }
  SUBCASE("verify") {
    const sapdr_status status =
        sapdr_verify_run(nullptr, &repo, "latest:/a", nullptr, "/proc", nullptr, &err);
    CHECK_MESSAGE(status == SAPDR_E_CHECKSUM, std::string(sapdr_error_message(err)));
    sapdr_error_free(err);
  }
  SUBCASE("prune") {
    sapdr_prune_plan* plan = nullptr;
    require_stored(sapdr_prune_plan_new(&plan, &repo, nullptr, &err), err);
    sapdr_prune_stats stats;
    SAPDR_INIT(&stats);
    require_stored(sapdr_prune_plan_stats(plan, &stats, &err), err);
    CHECK(stats.snapshots == 2);
    CHECK(stats.packs_marked == 0);
    require_stored(sapdr_prune_plan_run(&stats, plan, &err), err);
    sapdr_prune_plan_free(plan);
  }
  CHECK(backend->names(FileType::lock).empty());
}

TEST_CASE_FIXTURE(Fixture, "meanwhile: a backup knows the blobs of a parent that comes") {
  ours = Repository::open(test_context(), backend, open_settings());
  const std::string content = random.bytes(1000);
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) != "list" || file.type != FileType::snapshot) return;
    backend->before = {};
    back_up(*other, {{"/a/b", content}});
  };
  const BackupResult result = back_up(*ours, {{"/a/b", content}});
  CHECK(result.parent);
  CHECK(result.data_blobs_new == 0);
}

TEST_CASE_FIXTURE(Fixture, "meanwhile: a snapshot that is forgotten is no damage") {
  store();
  const std::string gone = backend->names(FileType::snapshot).front();
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) != "load" && std::string_view(call) != "size_of") return;
    if (file.type != FileType::snapshot || file.name != gone) return;
    backend->before = {};
    backend->erase(file);
  };
  CheckResult result;
  CHECK_NOTHROW(check(*other, {}, result, progress));
  CHECK(result.snapshots == 1);
}
