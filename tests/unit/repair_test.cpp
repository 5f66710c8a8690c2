#include "operation/repair.hpp"

#include <algorithm>
#include <set>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "operation/check.hpp"
#include "operation/prune.hpp"
#include "repository/blob_writer.hpp"
#include "repository/trees.hpp"

using namespace sapdr::test;
using namespace std::chrono_literals;

namespace {

CheckOptions all_data() {
  CheckOptions options;
  options.read_data = true;
  return options;
}

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Random random;
  std::set<std::string> told;  // objects and paths
  sapdr_observer observer{};
  RepairIndexResult index_result;
  RepairPacksResult packs_result;
  RepairSnapshotsResult snapshots_result;

  Fixture() {
    observer.struct_size = sizeof observer;
    observer.user = &told;
    observer.on_item = [](void* user, const sapdr_item* item) -> int32_t {
      auto& to = *static_cast<std::set<std::string>*>(user);
      if (item->object_id != nullptr)
        to.insert(std::string(item->object_type) + " " + item->object_id);
      if (item->path != nullptr) to.insert(item->path);
      return 0;
    };
  }

  RepositoryPtr reopen() { return Repository::open(test_context(), backend, open_settings()); }
  template <class Run>
  Code run(Run repair) {
    Progress progress(&observer);
    told.clear();
    return code_of([&] { repair(*reopen(), progress); });
  }
  Code repair_the_index(const RepairIndexOptions& options = {}) {
    index_result = {};
    return run([&](Repository& on, Progress& progress) {
      repair_index(on, options, index_result, progress);
    });
  }
  Code repair_the_packs(const std::vector<std::string>& packs = {}) {
    packs_result = {};
    return run([&](Repository& on, Progress& progress) {
      repair_packs(on, packs, false, packs_result, progress);
    });
  }
  Code repair_the_snapshots(const RepairSnapshotsOptions& options = {}) {
    snapshots_result = {};
    return run([&](Repository& on, Progress& progress) {
      repair_snapshots(on, options, snapshots_result, progress);
    });
  }
  Code check_all() {
    return run([](Repository& on, Progress& progress) {
      CheckResult result;
      check(on, all_data(), result, progress);
    });
  }
  FileName pack_of(const Id& id, BlobType type) {
    const auto fresh = reopen();
    Progress progress;
    fresh->load_index(progress);
    const auto place = fresh->index().find(id, type);
    REQUIRE(place);
    return {FileType::pack, fresh->index().pack_id(place->pack).hex()};
  }
  FileName pack_of(const std::string& content) {
    return pack_of(sha256(as_bytes(content)), BlobType::data);
  }
  std::vector<std::string> files_of(const Id& snapshot) {
    const auto fresh = reopen();
    Progress progress;
    fresh->load_index(progress);
    std::vector<std::string> names;
    for (const Node& node : load_tree(*fresh, load_snapshot(*fresh, snapshot).tree)) {
      names.push_back(node.name);
    }
    return names;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "repair index: a sound index stays as it is") {
  back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  const auto before = backend->names(FileType::index);
  CHECK(repair_the_index() == Code::ok);
  CHECK(index_result.packs == 2);
  CHECK(index_result.packs_read == 0);
  CHECK(repair_the_index({.read_all_packs = true}) == Code::ok);
  CHECK(index_result.packs_read == 2);
  CHECK(backend->names(FileType::index) == before);
}

TEST_CASE_FIXTURE(Fixture, "repair index: index files that are missing or damaged are made anew") {
  back_up(*repository, {{"/a", random.bytes(1'000'000)}});
  back_up(*repository, {{"/b", "b"}});
  const std::string file = backend->names(FileType::index).front();
  SUBCASE("one is missing") {
    backend->erase({FileType::index, file});
  }
  SUBCASE("one is damaged") {
    backend->flip_bit({FileType::index, file}, 50);
  }
  SUBCASE("one is empty") {
    backend->replace({FileType::index, file}, {});
  }
  SUBCASE("none is left") {
    for (const std::string& each : backend->names(FileType::index)) {
      backend->erase({FileType::index, each});
    }
  }
  CHECK(check_all() == Code::corrupt);
  CHECK(repair_the_index({.read_all_packs = false, .dry_run = true}) == Code::ok);
  CHECK(check_all() == Code::corrupt);
  CHECK(repair_the_index() == Code::ok);
  CHECK(index_result.packs_added >= 2);
  CHECK(check_all() == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "repair index: packs that are gone leave it, and are named") {
  const std::string content = random.bytes(400'000);
  back_up(*repository, {{"/a", content}});
  const FileName pack = pack_of(content);
  backend->erase(pack);
  CHECK(repair_the_index() == Code::ok);
  CHECK(index_result.packs_dropped == 1);
  CHECK(told.contains("pack " + pack.name));
  // The blob is missing still; now a backup can bring it back.
  CHECK(check_all() == Code::corrupt);
  back_up(*reopen(), {{"/a", content}}, [] {
    BackupOptions options;
    options.parent = "none";
    return options;
  }());
  CHECK(check_all() == Code::ok);
}

TEST_CASE_FIXTURE(Fixture,
                  "repair index: a pack without a readable header keeps what was known of it") {
  const std::string content = random.bytes(400'000);
  back_up(*repository, {{"/a", content}});
  const FileName pack = pack_of(content);
  backend->flip_bit(pack, backend->content(pack).size() - 10);
  CHECK(repair_the_index({.read_all_packs = true}) == Code::incomplete);
  CHECK(told.contains("pack " + pack.name));
  const auto fresh = reopen();
  Progress progress;
  fresh->load_index(progress);
  CHECK(as_text(fresh->load_blob(BlobType::data, sha256(as_bytes(content)))) == content);
}

TEST_CASE_FIXTURE(Fixture, "repair index: takes marked packs back") {
  const std::string content = random.bytes(400'000);
  const auto gone = back_up(*repository, {{"/a", content}});
  back_up(*repository, {{"/b", "b"}});
  const Snapshot snapshot = load_snapshot(*repository, *gone.snapshot);
  backend->erase({FileType::snapshot, gone.snapshot->hex()});
  CHECK(run([](Repository&, Progress&) {}) == Code::ok);
  Progress progress;
  PruneStats pruned;
  PrunePlan::make(reopen(), {}, progress)->run(pruned, progress);
  CHECK(pruned.packs_marked == 2);
  reopen()->save_unpacked(FileType::snapshot, snapshot_json(snapshot));
  CHECK(check_all() == Code::corrupt);
  CHECK(repair_the_index() == Code::ok);
  CHECK(index_result.packs_added == 2);
  CHECK(check_all() == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "repair packs: what is right moves, what is not is named") {
  const std::string good = random.bytes(400'000);
  const std::string bad = random.bytes(400'000);
  const auto stored = back_up(*repository, {{"/bad", bad}, {"/good", good}});
  const FileName pack = pack_of(bad);
  REQUIRE(pack.name == pack_of(good).name);
  const auto place = repository->index().find(sha256(as_bytes(bad)), BlobType::data);
  SUBCASE("a bit of a blob") {
    backend->flip_bit(pack, place->offset + 1000);
  }
  SUBCASE("the header, and a blob") {
    backend->flip_bit(pack, place->offset + 1000);
    backend->flip_bit(pack, backend->content(pack).size() - 10);
  }
  SUBCASE("cut off, in the last blob") {
    const auto other = repository->index().find(sha256(as_bytes(good)), BlobType::data);
    const bool is_last = place->offset > other->offset;
    Bytes content = backend->content(pack);
    content.resize(std::max(place->offset, other->offset) + 1000U);
    backend->replace(pack, content);
    if (!is_last) return;  // the good one is cut: nothing that this test asks
  }
  CHECK(repair_the_packs({pack.name.substr(0, 12)}) == Code::incomplete);
  CHECK(packs_result.packs_read == 1);
  CHECK(packs_result.packs_damaged == 1);
  CHECK(packs_result.blobs_saved == 1);
  CHECK(packs_result.blobs_lost == 1);
  CHECK(told.contains("blob " + sha256(as_bytes(bad)).hex()));
  CHECK(told.contains("pack " + pack.name));
  CHECK_MESSAGE(backend->exists(pack), "it is marked, and goes with a later prune");
  CHECK(check_all() == Code::corrupt);

  CHECK(repair_the_snapshots() == Code::incomplete);
  CHECK(snapshots_result.snapshots_repaired == 1);
  CHECK(snapshots_result.files_dropped == 1);
  CHECK(told.contains("/bad"));
  CHECK_MESSAGE(repair_the_snapshots() == Code::incomplete, "the damaged one is still there");
  CHECK_MESSAGE(backend->names(FileType::snapshot).size() == 2, "and is not repaired twice");
  CHECK(repair_the_snapshots({.names = {}, .filter = {}, .forget = true}) == Code::incomplete);
  CHECK(snapshots_result.snapshots_removed == 1);
  REQUIRE(backend->names(FileType::snapshot).size() == 1);
  const Id left = *Id::parse(backend->names(FileType::snapshot).front());
  CHECK(files_of(left) == std::vector<std::string>{"good"});
  const Snapshot repaired = load_snapshot(*repository, left);
  CHECK(repaired.original == *stored.snapshot);
  CHECK(repaired.tags == std::vector<std::string>{"repaired"});
  CHECK(check_all() == Code::ok);
  CHECK(repair_the_snapshots() == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "repair packs: another copy saves a blob") {
  const std::string content = random.bytes(400'000);
  const auto other = reopen();
  Progress progress;
  other->load_index(progress);
  back_up(*repository, {{"/a", content}});
  const FileName pack = pack_of(content);
  {
    const RepositoryLock lock(*other, LockMode::shared, progress);
    BlobWriter writer(*other, lock, false);
    writer.save(BlobType::data, sha256(as_bytes(content)), as_bytes(content));
    writer.finish();
  }
  backend->flip_bit(pack, 1000);
  CHECK(repair_the_packs() == Code::ok);
  CHECK(packs_result.packs_damaged == 1);
  CHECK(packs_result.blobs_lost == 0);
  CHECK(check_all() == Code::ok);
}

TEST_CASE_FIXTURE(
    Fixture, "repair packs: a missing pack leaves the index, a sound repository is left alone") {
  const std::string content = random.bytes(400'000);
  back_up(*repository, {{"/a", content}});
  const auto before = backend->names(FileType::index);
  CHECK(repair_the_packs() == Code::ok);
  CHECK(packs_result.packs_read == 2);
  CHECK(backend->names(FileType::index) == before);
  const FileName pack = pack_of(content);
  backend->erase(pack);
  CHECK(repair_the_packs({pack.name}) == Code::incomplete);
  CHECK(packs_result.blobs_lost == 1);
  CHECK(repair_the_packs({"0123456789"}) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "repair snapshots: folders whose tree is gone are left out") {
  const auto stored = back_up(*repository, {{"/d/a", "a"}, {"/e/f/b", "b"}, {"/c", "c"}});
  const auto root = load_tree(*repository, load_snapshot(*repository, *stored.snapshot).tree);
  const auto node = std::ranges::find(root, std::string("e"), &Node::name);
  const auto below = load_tree(*repository, *node->subtree).front();
  const auto place = repository->index().find(*below.subtree, BlobType::tree);
  backend->flip_bit(pack_of(*below.subtree, BlobType::tree), place->offset + 20);
  RepairSnapshotsOptions options;
  options.dry_run = true;
  CHECK(repair_the_snapshots(options) == Code::incomplete);
  CHECK(backend->names(FileType::snapshot).size() == 1);
  CHECK(told == std::set<std::string>{"/e/f"});
  CHECK(repair_the_packs() == Code::incomplete);
  options.dry_run = false;
  options.forget = true;
  CHECK(repair_the_snapshots(options) == Code::incomplete);
  CHECK(snapshots_result.folders_dropped == 1);
  CHECK(check_all() == Code::ok);
  const Id left = *Id::parse(backend->names(FileType::snapshot).front());
  CHECK(files_of(left) == std::vector<std::string>{"c", "d", "e"});
}

TEST_CASE_FIXTURE(Fixture,
                  "repair snapshots: one of which nothing is left goes only if it is told to") {
  const auto stored = back_up(*repository, {{"/a", "a"}});
  const Id tree = load_snapshot(*repository, *stored.snapshot).tree;
  backend->erase(pack_of(tree, BlobType::tree));
  CHECK(repair_the_snapshots() == Code::incomplete);
  CHECK(snapshots_result.snapshots_lost == 1);
  CHECK(backend->names(FileType::snapshot).size() == 1);
  CHECK(repair_the_snapshots({.names = {stored.snapshot->hex()}, .filter = {}, .forget = true}) ==
        Code::incomplete);
  CHECK(backend->names(FileType::snapshot).empty());
}
