#include "operation/tag.hpp"

#include <algorithm>

#include "engine_support.hpp"
#include "repository/verified.hpp"

using namespace sapdr::test;

namespace {

using Tags = std::vector<std::string>;

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;
  TagResult result;

  Snapshot back_up_with(const Tags& tags, bool verify = false) {
    BackupOptions options;
    options.tags = tags;
    options.verify = verify;
    options.parent = "none";
    const BackupResult done = back_up(*repository, {{"/a", "content"}}, options);
    return load_snapshot(*repository, *done.snapshot);
  }
  std::vector<Snapshot> all() { return list_snapshots(*repository, {}); }
  Snapshot only() {
    const std::vector<Snapshot> snapshots = all();
    REQUIRE(snapshots.size() == 1);
    return snapshots.front();
  }
  void run(const TagChange& change, Progress& told) {
    result = {};
    const RepositoryLock lock(*repository, LockMode::exclusive, told,
                              {.wait_before_recheck = std::chrono::nanoseconds(0)});
    tag(*repository, lock, all(), change, result, told);
  }
  void run(const TagChange& change) { run(change, progress); }
  UnixNs verified(const Id& id) { return load_verified(*repository).snapshots[id]; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "tag: adds, removes and sets") {
  back_up_with({"a", "b"});
  run({.add = {"c", "a"}, .remove = {"b", "x"}});
  CHECK(only().tags == Tags{"a", "c"});
  run({.add = {"d"}, .remove = {"d", "a"}});
  CHECK_MESSAGE(only().tags == Tags{"c"}, "what is added is there to be removed");
  run({.set = Tags{"x", "y", "x"}});
  CHECK(only().tags == Tags{"x", "y"});
  run({.set = Tags{}});
  CHECK(only().tags.empty());
  CHECK(result.changed == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "tag: all else stays as it was, and the first snapshot is the original") {
  const Snapshot first = back_up_with({"a"});
  run({.add = {"b"}});
  const Snapshot second = only();
  CHECK(second.id != first.id);
  CHECK(second.original == first.id);
  run({.add = {"c"}});
  Snapshot third = only();
  CHECK(third.original == first.id);
  third.original.reset();
  third.tags = first.tags;
  CHECK(snapshot_json(third) == snapshot_json(first));
}

TEST_CASE_FIXTURE(Fixture, "tag: a snapshot that has the tags already is left alone") {
  const Snapshot first = back_up_with({"a"});
  for (const TagChange& change :
       {TagChange{.add = {"a"}}, TagChange{.remove = {"x"}}, TagChange{.set = Tags{"a"}}}) {
    run(change);
    CHECK(only().id == first.id);
    CHECK(result.changed == 0);
    CHECK(result.unchanged == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "tag: a verified snapshot stays verified, with the time of its proof") {
  const Snapshot first = back_up_with({}, true);
  const Snapshot second = back_up_with({"unverified"});
  const UnixNs when = verified(first.id);
  REQUIRE(when > 0);
  run({.add = {"x"}});
  REQUIRE(all().size() == 2);
  for (const Snapshot& snapshot : all()) {
    CHECK(verified(snapshot.id) == (snapshot.original == second.id ? 0 : when));
  }
}

TEST_CASE_FIXTURE(Fixture, "tag: a change that makes no sense changes nothing") {
  const Snapshot first = back_up_with({"a"});
  for (const TagChange& change :
       {TagChange{}, TagChange{.add = {"x"}, .set = Tags{"y"}}, TagChange{.add = {"x", ""}},
        TagChange{.remove = {""}}, TagChange{.set = Tags{"x", ""}}}) {
    CHECK(code_of([&] { run(change); }) == Code::invalid_argument);
  }
  CHECK(only().id == first.id);
}

TEST_CASE_FIXTURE(Fixture, "tag: each snapshot is told, the old id and the new one") {
  const Snapshot plain = back_up_with({});
  const Snapshot tagged = back_up_with({"x"});
  struct Told {
    int32_t action;
    std::string object, snapshot;
  };
  std::vector<Told> told;
  sapdr_observer observer;
  SAPDR_INIT(&observer);
  observer.user = &told;
  observer.on_item = [](void* user, const sapdr_item* item) {
    const char* became = item->snapshot_id == nullptr ? "" : item->snapshot_id;
    static_cast<std::vector<Told>*>(user)->push_back({item->action, item->object_id, became});
    return 0;
  };
  Progress watched(&observer);
  run({.add = {"x"}}, watched);
  REQUIRE(told.size() == 2);
  const size_t changed = told[0].action == SAPDR_ITEM_MODIFIED ? 0 : 1;
  CHECK(told[changed].object == plain.id.hex());
  CHECK(load_snapshot(*repository, *Id::parse(told[changed].snapshot)).original == plain.id);
  CHECK(told[1 - changed].action == SAPDR_ITEM_UNCHANGED);
  CHECK(told[1 - changed].object == tagged.id.hex());
}

TEST_CASE_FIXTURE(Fixture, "tag: a cancel ends between two snapshots") {
  back_up_with({"one"});
  back_up_with({"two"});
  Cancel cancel;
  sapdr_observer observer;
  SAPDR_INIT(&observer);
  observer.user = &cancel;
  observer.on_item = [](void* user, const sapdr_item*) {
    static_cast<Cancel*>(user)->trigger();
    return 0;
  };
  Progress watched(&observer, &cancel);
  CHECK(code_of([&] { run({.add = {"x"}}, watched); }) == Code::cancelled);
  CHECK(result.changed == 1);
  CHECK(all().size() == 2);
}

// From the nth change on, nothing reaches the storage any more.
TEST_CASE("tag: ended at any point, no snapshot is lost and at most both exist") {
  int ended = 0;
  for (int n = 0;; ++n) {
    Fixture f;
    const Snapshot old = f.back_up_with({"old"}, true);
    const std::vector<Snapshot> chosen = f.all();
    Code code = Code::ok;
    {
      const RepositoryLock lock(*f.repository, LockMode::exclusive, f.progress,
                                {.wait_before_recheck = std::chrono::nanoseconds(0)});
      f.backend->before = [&, left = n](const char* call, const FileName&) mutable {
        const std::string_view name = call;
        if ((name == "save" || name == "erase") && left-- <= 0) {
          throw Error(Code::io, "killed", Retry::maybe);
        }
      };
      code = code_of(
          [&] { tag(*f.repository, lock, chosen, {.set = Tags{"new"}}, f.result, f.progress); });
      f.backend->before = nullptr;
    }
    const std::vector<Snapshot> left = f.all();
    const bool is_old_there =
        std::any_of(left.begin(), left.end(), [&](const Snapshot& s) { return s.id == old.id; });
    CHECK(left.size() <= 2);
    CHECK(is_old_there == (code != Code::ok));
    if (code == Code::ok) {
      CHECK(f.only().tags == Tags{"new"});
      CHECK(f.verified(f.only().id) == f.verified(old.id));
      break;
    }
    CHECK(code == Code::io);
    CHECK_MESSAGE(f.verified(old.id) > 0, "what is there is still verified");
    f.run({.set = Tags{"new"}});
    for (const Snapshot& snapshot : f.all()) CHECK(snapshot.original == old.id);
    ++ended;
  }
  CHECK_MESSAGE(ended == 3, "a snapshot, a record and a removal");
}

TEST_CASE_FIXTURE(Fixture, "tag: an old snapshot that cannot be removed is named") {
  const Snapshot old = back_up_with({});
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "erase" && file.type == FileType::snapshot) {
      throw Error(Code::permission, "append-only");
    }
  };
  try {
    run({.add = {"x"}});
    FAIL("it was not told");
  } catch (const Error& error) {
    CHECK(error.code() == Code::permission);
    CHECK(error.message().find(old.id.short_hex()) != std::string::npos);
  }
  CHECK(all().size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "snapshots: several names are found, each once") {
  const Snapshot one = back_up_with({"one"});
  const Snapshot two = back_up_with({"two"});
  const auto found = [&](const std::vector<std::string>& names, const SnapshotFilter& filter = {}) {
    std::vector<Id> ids;
    for (const Snapshot& snapshot : find_snapshots(*repository, names, filter)) {
      ids.push_back(snapshot.id);
    }
    return ids;
  };
  using Ids = std::vector<Id>;
  CHECK(found({}) == Ids{one.id, two.id});
  CHECK(found({}, {.tags = {"two"}}) == Ids{two.id});
  CHECK(found({two.id.hex(), one.id.hex().substr(0, 20), "latest"}) == Ids{one.id, two.id});
  CHECK(found({"latest"}, {.tags = {"one"}}) == Ids{one.id});
  CHECK(code_of([&] { found({"zz"}); }) == Code::not_found);
  CHECK(code_of([&] { found({"latest:/a"}); }) == Code::invalid_argument);
}
