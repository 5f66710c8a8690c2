#include "operation/copy.hpp"

#include <algorithm>
#include <atomic>
#include <map>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "operation/check.hpp"
#include "operation/dump.hpp"

using namespace sapdr::test;

namespace {

constexpr LockTiming no_wait{.wait_before_recheck = std::chrono::nanoseconds(0)};

struct Side {
  explicit Side(uint32_t version = 2) : repository(make_repository(backend, version)) {}

  std::vector<Snapshot> all() { return list_snapshots(*repository, {}); }
  size_t packs() { return backend->names(FileType::pack).size(); }
  std::string content(const Snapshot& snapshot, const std::string& path) {
    Progress progress;
    repository->load_index(progress);
    std::string text;
    const SnapshotRef ref = find_snapshot(*repository, snapshot.id.hex(), {});
    dump(
        *repository, ref, path, [&](ByteView data) { text += as_text(data); }, progress);
    return text;
  }
  // As another process would find it.
  void check_all() {
    const auto again = Repository::open(test_context(), backend, open_settings());
    CheckOptions options;
    options.read_data = true;
    CheckResult result;
    Progress progress;
    CHECK_NOTHROW(check(*again, options, result, progress));
  }

  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository;
};

struct Fixture {
  Side source;
  Side target;
  CopyResult result;
  Random random;

  Snapshot back_up_to(Side& side, const Files& files, const BackupOptions& options = {}) {
    return load_snapshot(*side.repository, *back_up(*side.repository, files, options).snapshot);
  }
  void run(const CopyOptions& options, Progress& progress) {
    result = {};
    const RepositoryLock from(*source.repository, LockMode::shared, progress, no_wait);
    const RepositoryLock to(*target.repository, LockMode::shared, progress, no_wait);
    target.repository->load_index(progress);
    copy({*source.repository, from}, {*target.repository, to}, options, result, progress);
  }
  Code run(const CopyOptions& options = {}) {
    Progress progress;
    return code_of([&] { run(options, progress); });
  }
  // The pack that holds this content, damaged.
  void damage(Side& side, const std::string& content) {
    Progress progress;
    side.repository->load_index(progress);
    const auto place = side.repository->index().find(sha256(as_bytes(content)), BlobType::data);
    REQUIRE(place);
    const std::string pack = side.repository->index().pack_id(place->pack).hex();
    side.backend->flip_bit({FileType::pack, pack}, place->offset + 20);
  }
};

// What was told of each snapshot, by its id in the source.
struct Told {
  struct Item {
    int32_t action;
    std::string type, became, message;
  };
  std::multimap<std::string, Item> items;
  sapdr_observer observer;

  Told() {
    SAPDR_INIT(&observer);
    observer.user = this;
    observer.on_item = [](void* user, const sapdr_item* item) {
      const auto text = [](const char* t) { return t == nullptr ? std::string() : std::string(t); };
      static_cast<Told*>(user)->items.emplace(
          item->object_id, Item{item->action, text(item->object_type), text(item->snapshot_id),
                                text(item->message)});
      return 0;
    };
  }
  const Item& of(const Id& id) const {
    REQUIRE(items.count(id.hex()) == 1);
    return items.find(id.hex())->second;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "copy: a snapshot arrives with all that it needs") {
  const std::string big = random.bytes(3'000'000);
  BackupOptions options;
  options.host = "ship";
  options.tags = {"a", "b"};
  options.excludes = {"*.tmp"};
  const Snapshot first = back_up_to(source, {{"/d/big", big}, {"/d/e/small", "small"}}, options);
  const Snapshot second = back_up_to(source, {{"/d/big", big}, {"/d/e/small", "other"}}, options);
  REQUIRE(second.parent);
  CHECK(run() == Code::ok);
  CHECK(result.snapshots_copied == 2);
  CHECK(result.bytes_new >= 3'000'000);
  CHECK(result.bytes_stored > 0);
  CHECK(result.bytes_fetched > 0);
  REQUIRE(target.all().size() == 2);
  for (Snapshot& copied : target.all()) {
    const Snapshot& original = copied.original == first.id ? first : second;
    CHECK(copied.original == original.id);
    CHECK(target.content(copied, "/d/big") == big);
    CHECK(target.content(copied, "/d/e/small") == (original.id == first.id ? "small" : "other"));
    CHECK_MESSAGE(!copied.parent, "it means nothing there");
    Snapshot expected = original;
    expected.parent.reset();
    copied.original.reset();
    CHECK(snapshot_json(copied) == snapshot_json(expected));
  }
  target.check_all();
  source.check_all();
}

TEST_CASE_FIXTURE(Fixture, "copy: what was copied before is skipped, also under other ids") {
  const Snapshot first = back_up_to(source, {{"/a", "one"}});
  CHECK(run() == Code::ok);
  const Snapshot copied = target.all().at(0);
  Told told;
  Progress progress(&told.observer);
  run({}, progress);
  CHECK(result.snapshots_copied == 0);
  CHECK(result.snapshots_skipped == 1);
  CHECK(told.of(first.id).action == SAPDR_ITEM_SKIPPED);
  CHECK(told.of(first.id).became == copied.id.hex());
  CHECK(target.all().size() == 1);
  CHECK(target.packs() == 2);

  std::swap(source, target);
  CHECK(run() == Code::ok);
  CHECK_MESSAGE(result.snapshots_skipped == 1, "the way back");
  Side third;
  std::swap(target, third);
  CHECK(run() == Code::ok);
  CHECK_MESSAGE(target.all().at(0).original == first.id, "a copy of a copy");
}

TEST_CASE_FIXTURE(Fixture, "copy: one that differs from its copy is copied again, as restic does") {
  Snapshot snapshot = back_up_to(source, {{"/a", "one"}});
  CHECK(run() == Code::ok);
  const Id first = snapshot.id;
  snapshot.tags = {"new"};
  snapshot.original = first;
  source.repository->save_unpacked(FileType::snapshot, snapshot_json(snapshot));
  CHECK(run() == Code::ok);
  CHECK(result.snapshots_copied == 1);
  CHECK(result.snapshots_skipped == 1);
  CHECK(result.data_blobs_new == 0);
  CHECK(target.all().size() == 2);
  for (const Snapshot& copied : target.all()) CHECK(copied.original == first);
}

TEST_CASE_FIXTURE(Fixture, "copy: only chosen snapshots") {
  BackupOptions options;
  options.parent = "none";
  options.tags = {"x"};
  const Snapshot one = back_up_to(source, {{"/a", "one"}}, options);
  options.tags = {"y"};
  const Snapshot two = back_up_to(source, {{"/a", "two"}}, options);
  CopyOptions chosen;
  SUBCASE("by name") {
    chosen.snapshots = {one.id.hex().substr(0, 16)};
  }
  SUBCASE("by tag") {
    chosen.filter.tags = {"x"};
  }
  SUBCASE("the latest that matches") {
    chosen.snapshots = {"latest"};
    chosen.filter.tags = {"x"};
  }
  CHECK(run(chosen) == Code::ok);
  REQUIRE(target.all().size() == 1);
  CHECK(target.all()[0].original == one.id);
  CHECK(target.content(target.all()[0], "/a") == "one");
}

TEST_CASE_FIXTURE(Fixture, "copy: a name that is none copies nothing") {
  back_up_to(source, {{"/a", "one"}});
  CopyOptions chosen;
  chosen.snapshots = {"latest", "zz"};
  CHECK(run(chosen) == Code::not_found);
  CHECK(target.all().empty());
  chosen.snapshots = {"latest:/a"};
  CHECK(run(chosen) == Code::invalid_argument);
}

TEST_CASE("copy: versions and keys of both sides may differ") {
  for (const uint32_t from : {1U, 2U}) {
    for (const uint32_t to : {1U, 2U}) {
      Fixture f;
      f.source = Side(from);
      f.target = Side(to);
      const std::string text(300'000, 'x');
      f.back_up_to(f.source, {{"/a", text}});
      CHECK(f.run() == Code::ok);
      CHECK(f.target.content(f.target.all().at(0), "/a") == text);
      f.target.repository->index().for_each(
          [&](const BlobPlace& place) { CHECK(place.compressed == (to == 2)); });
      f.target.check_all();
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "copy: blobs that the destination has are not fetched") {
  const std::string shared = random.bytes(400'000);
  back_up_to(target, {{"/there", shared}});
  const size_t before = target.packs();
  back_up_to(source, {{"/a", shared}, {"/b", "new"}});
  CHECK(run() == Code::ok);
  CHECK(result.data_blobs_new == 1);
  CHECK(result.bytes_fetched < 100'000);
  CHECK(target.packs() == before + 2);
  target.check_all();
}

TEST_CASE_FIXTURE(Fixture, "copy: a dry run counts the same and stores nothing") {
  const std::string shared = random.bytes(600'000);
  back_up_to(source, {{"/a", shared}, {"/b", shared}});
  back_up_to(source, {{"/a", shared}, {"/c", "new"}});
  Told told;
  Progress progress(&told.observer);
  CopyOptions dry;
  dry.dry_run = true;
  run(dry, progress);
  const CopyResult planned = result;
  CHECK(planned.snapshots_copied == 2);
  CHECK(planned.bytes_stored == 0);
  CHECK(planned.bytes_fetched == 0);
  for (const Snapshot& snapshot : source.all()) {
    CHECK(told.of(snapshot.id).action == SAPDR_ITEM_NEW);
    CHECK(told.of(snapshot.id).became.empty());
  }
  CHECK(target.all().empty());
  CHECK(target.packs() == 0);
  CHECK(run() == Code::ok);
  CHECK(result.snapshots_copied == 2);
  CHECK(result.data_blobs_new == planned.data_blobs_new);
  CHECK(result.tree_blobs_new == planned.tree_blobs_new);
  CHECK(result.bytes_new == planned.bytes_new);
}

TEST_CASE_FIXTURE(Fixture, "copy: damage fails the snapshots that it reaches, and no other") {
  BackupOptions options;
  options.parent = "none";
  const Snapshot good = back_up_to(source, {{"/a", "good"}}, options);
  const Snapshot bad = back_up_to(source, {{"/a", "good"}, {"/b", "bad"}}, options);
  const Snapshot also_bad = back_up_to(source, {{"/c", "bad"}}, options);
  const Snapshot last = back_up_to(source, {{"/a", "last"}}, options);
  damage(source, "bad");
  for (int run_number = 0; run_number < 2; ++run_number) {
    Told told;
    Progress progress(&told.observer);
    CHECK(code_of([&] { run({}, progress); }) == Code::incomplete);
    CHECK(result.snapshots_failed == 2);
    CHECK(result.snapshots_copied + result.snapshots_skipped == 2);
    for (const Id& id : {bad.id, also_bad.id}) {
      CHECK(told.of(id).action == SAPDR_ITEM_FAILED);
      CHECK(told.of(id).message.find(sha256(as_bytes("bad")).hex()) != std::string::npos);
    }
    REQUIRE(target.all().size() == 2);
    CHECK(target.all()[0].original == good.id);
    CHECK(target.all()[1].original == last.id);
    CHECK(target.content(target.all()[1], "/a") == "last");
    target.check_all();
  }
}

TEST_CASE_FIXTURE(Fixture, "copy: a pack that is gone, a tree, an index and a snapshot as well") {
  BackupOptions options;
  options.parent = "none";
  const Snapshot good = back_up_to(source, {{"/a", "good"}}, options);
  const std::vector<std::string> indexes = source.backend->names(FileType::index);
  const std::vector<std::string> packs = source.backend->names(FileType::pack);
  const Snapshot bad = back_up_to(source, {{"/b/c", "bad"}}, options);
  const auto only_new = [&](FileType type, std::vector<std::string> old) {
    std::vector<std::string> names = source.backend->names(type);
    std::erase_if(names, [&](const std::string& name) {
      return std::find(old.begin(), old.end(), name) != old.end();
    });
    return names;
  };
  std::string also_told;
  SUBCASE("packs") {
    for (const std::string& name : only_new(FileType::pack, packs)) {
      source.backend->erase({FileType::pack, name});
    }
  }
  SUBCASE("the tree at the root") {
    Progress progress;
    source.repository->load_index(progress);
    const auto place = source.repository->index().find(bad.tree, BlobType::tree);
    const std::string pack = source.repository->index().pack_id(place->pack).hex();
    source.backend->flip_bit({FileType::pack, pack}, place->offset + 20);
  }
  SUBCASE("the index") {
    also_told = only_new(FileType::index, indexes).at(0);
    source.backend->flip_bit({FileType::index, also_told}, 20);
  }
  SUBCASE("the snapshot") {
    source.backend->flip_bit({FileType::snapshot, bad.id.hex()}, 20);
  }
  source.repository = Repository::open(test_context(), source.backend, open_settings());
  CopyOptions dry;
  dry.dry_run = true;
  for (const CopyOptions& how : {dry, CopyOptions{}}) {
    Told told;
    Progress progress(&told.observer);
    const Code code = code_of([&] { run(how, progress); });
    CHECK(code == Code::incomplete);
    CHECK(result.snapshots_failed == 1);
    CHECK(told.of(good.id).action == SAPDR_ITEM_NEW);
    CHECK(told.of(bad.id).action == SAPDR_ITEM_FAILED);
    CHECK(told.items.size() == (also_told.empty() ? 2 : 3));
    if (!also_told.empty()) {
      CHECK(told.of(*Id::parse(also_told)).type == "index");
      CHECK(told.of(*Id::parse(also_told)).action == SAPDR_ITEM_DAMAGED);
    }
  }
  REQUIRE(target.all().size() == 1);
  CHECK(target.all()[0].original == good.id);
  target.check_all();
}

TEST_CASE_FIXTURE(Fixture, "copy: another copy of a damaged blob serves as well") {
  back_up_to(source, {{"/a", "some content"}});
  Progress progress;
  source.repository->load_index(progress);
  const auto place =
      source.repository->index().find(sha256(as_bytes("some content")), BlobType::data);
  const std::string pack = source.repository->index().pack_id(place->pack).hex();
  const Bytes good = source.backend->content({FileType::pack, pack});
  damage(source, "some content");
  Id copy{};
  copy.bytes[0] = std::byte{7};
  source.backend->save({FileType::pack, copy.hex()}, good);
  const PackedBlob blob{place->id, BlobType::data, place->offset, place->length,
                        place->compressed ? place->plain_length : 0};
  source.repository->index().add(copy, {blob});
  CHECK(run() == Code::ok);
  CHECK(target.content(target.all().at(0), "/a") == "some content");
}

TEST_CASE_FIXTURE(Fixture, "copy: a source that cannot be read ends nothing but its snapshots") {
  BackupOptions options;
  options.parent = "none";
  const Snapshot good = back_up_to(source, {{"/a", "good"}}, options);
  const std::vector<std::string> packs = source.backend->names(FileType::pack);
  back_up_to(source, {{"/b", "bad"}}, options);
  source.backend->before = [&](const char* call, const FileName& file) {
    const bool is_old = std::find(packs.begin(), packs.end(), file.name) != packs.end();
    if (std::string_view(call) == "load" && file.type == FileType::pack && !is_old) {
      throw Error(Code::io, "the disk is tired", Retry::maybe);
    }
  };
  CHECK(run() == Code::incomplete);
  CHECK(result.snapshots_failed == 1);
  REQUIRE(target.all().size() == 1);
  CHECK(target.all()[0].original == good.id);
}

TEST_CASE_FIXTURE(Fixture, "copy: a destination that cannot be written to ends the run") {
  back_up_to(source, {{"/a", "one"}});
  target.backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::pack) {
      throw Error(Code::io, "the disk is tired", Retry::maybe);
    }
  };
  CHECK(run() == Code::io);
  CHECK(target.all().empty());
}

TEST_CASE_FIXTURE(Fixture, "copy: a cancel ends it, and the next run goes on") {
  BackupOptions options;
  options.parent = "none";
  back_up_to(source, {{"/a", random.bytes(100'000)}}, options);
  back_up_to(source, {{"/b", random.bytes(100'000)}}, options);
  Cancel cancel;
  Told told;
  told.observer.user = &cancel;
  told.observer.on_item = [](void* user, const sapdr_item*) {
    static_cast<Cancel*>(user)->trigger();
    return 0;
  };
  Progress progress(&told.observer, &cancel);
  CHECK(code_of([&] { run({}, progress); }) == Code::cancelled);
  CHECK(result.snapshots_copied == 1);
  CHECK(target.all().size() == 1);
  CHECK(run() == Code::ok);
  CHECK(result.snapshots_copied == 1);
  CHECK(result.snapshots_skipped == 1);
  target.check_all();
}

// From the nth object that is stored on, nothing reaches the destination any more.
TEST_CASE("copy: ended at any point, it goes on with what was indexed") {
  Random random;
  const std::string content = random.bytes(500'000);
  for (int n = 0;; ++n) {
    Fixture f;
    BackupOptions options;
    options.parent = "none";
    f.back_up_to(f.source, {{"/a", content}}, options);
    f.back_up_to(f.source, {{"/a", content}, {"/b", "second"}}, options);
    Code code = Code::ok;
    std::atomic<int> left{n};
    {
      Progress progress;
      const RepositoryLock from(*f.source.repository, LockMode::shared, progress, no_wait);
      const RepositoryLock to(*f.target.repository, LockMode::shared, progress, no_wait);
      f.target.backend->before = [&](const char* call, const FileName&) {
        if (std::string_view(call) == "save" && left-- <= 0) {
          throw Error(Code::io, "killed", Retry::maybe);
        }
      };
      code = code_of([&] {
        copy({*f.source.repository, from}, {*f.target.repository, to}, {}, f.result, progress);
      });
      f.target.backend->before = nullptr;
    }
    f.target.check_all();
    if (code == Code::ok) break;
    CHECK(code == Code::io);
    const size_t already = f.target.all().size();
    const bool is_indexed = !f.target.backend->names(FileType::index).empty();
    f.target.repository = Repository::open(test_context(), f.target.backend, open_settings());
    CHECK(f.run() == Code::ok);
    CHECK(f.result.snapshots_skipped == already);
    CHECK(f.target.all().size() == 2);
    CHECK((f.result.bytes_new < content.size()) == is_indexed);
    f.target.check_all();
    REQUIRE(n < 20);
  }
}

TEST_CASE_FIXTURE(Fixture, "copy: progress tells blobs and bytes up to their totals") {
  back_up_to(source, {{"/a", random.bytes(2'000'000)}, {"/b", "b"}});
  struct Last {
    uint64_t items_done = 0, items_total = 0, bytes_done = 0, bytes_total = 0;
    int finals = 0;
  } last;
  sapdr_observer observer;
  SAPDR_INIT(&observer);
  observer.user = &last;
  observer.on_progress = [](void* user, const sapdr_progress* p) {
    auto& seen = *static_cast<Last*>(user);
    seen = {p->items_done, p->items_total, p->bytes_done, p->bytes_total, seen.finals};
    seen.finals += p->is_final;
    return 0;
  };
  Progress progress(&observer);
  run({}, progress);
  progress.finish();
  CHECK(last.finals == 1);
  CHECK(last.items_done == result.data_blobs_new + result.tree_blobs_new);
  CHECK(last.items_total == last.items_done);
  CHECK(last.bytes_done == last.bytes_total);
  CHECK(last.bytes_done > 2'000'000);
}

TEST_CASE_FIXTURE(Fixture, "copy: a repository made for it cuts files as the source does") {
  InitSettings settings;
  settings.password = secret(test_password);
  settings.cost = {.n = 2, .r = 1, .p = 1};
  settings.polynomial = source.repository->config().polynomial;
  target = Side();
  target.backend = std::make_shared<TestBackend>();
  target.repository = Repository::init(test_context(), target.backend, settings);
  CHECK(target.repository->config().polynomial == source.repository->config().polynomial);
  CHECK(target.repository->config().id != source.repository->config().id);
  const std::string big = random.bytes(6'000'000);
  back_up_to(source, {{"/big", big}});
  CHECK(run() == Code::ok);
  const BackupResult again = back_up(*target.repository, {{"/other/place", big}});
  CHECK_MESSAGE(again.data_blobs_new == 0, "it is all there already");
}
