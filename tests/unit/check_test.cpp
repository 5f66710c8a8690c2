#include "operation/check.hpp"

#include <set>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "operation/subset.hpp"
#include "repository/blob_writer.hpp"
#include "repository/trees.hpp"
#include "repository/verified.hpp"

using namespace sapdr::test;

namespace {

struct Told {
  std::set<std::string> damaged;   // "pack 0123…"
  std::set<std::string> affected;  // paths
};

CheckOptions all_data() {
  CheckOptions options;
  options.read_data = true;
  return options;
}

CheckOptions part(const char* subset) {
  CheckOptions options;
  options.subset = subset;
  return options;
}

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Random random;
  CheckResult result;
  Told told;

  Code run(CheckOptions options = all_data()) {
    sapdr_observer observer{};
    observer.struct_size = sizeof observer;
    observer.user = &told;
    observer.on_item = [](void* user, const sapdr_item* item) -> int32_t {
      auto& to = *static_cast<Told*>(user);
      if (item->action == SAPDR_ITEM_DAMAGED) {
        to.damaged.insert(std::string(item->object_type) + " " + item->object_id);
        CHECK(item->message != nullptr);
      }
      if (item->action == SAPDR_ITEM_AFFECTED) to.affected.insert(item->path);
      return 0;
    };
    Progress progress(&observer);
    result = {};
    told = {};
    const auto fresh = Repository::open(test_context(), backend, open_settings());
    return code_of([&] { check(*fresh, options, result, progress); });
  }
  FileName pack_of(const Id& id, BlobType type) {
    const auto place = repository->index().find(id, type);
    REQUIRE(place);
    return {FileType::pack, repository->index().pack_id(place->pack).hex()};
  }
  FileName pack_of(const std::string& content) {
    return pack_of(sha256(as_bytes(content)), BlobType::data);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "check: a sound repository has no problems, and everything is read") {
  back_up(*repository, {{"/d/a", random.bytes(3'000'000)}, {"/d/b", "b"}});
  back_up(*repository, {{"/d/a", "other"}});
  CHECK(run() == Code::ok);
  CHECK(result.snapshots == 2);
  CHECK(result.packs == 4);
  CHECK(result.packs_read == 4);
  CHECK(result.problems == 0);
  CHECK(result.packs_unreferenced == 0);
}

TEST_CASE_FIXTURE(Fixture, "check: an empty repository is sound") {
  CHECK(run() == Code::ok);
  CHECK(result.packs == 0);
}

TEST_CASE_FIXTURE(Fixture, "check: every flipped byte of a pack is found by reading, and named") {
  back_up(*repository, {{"/d/a", "content of a"}});
  const FileName pack = pack_of("content of a");
  const Bytes good = backend->content(pack);
  for (size_t at = 0; at < good.size(); ++at) {
    backend->flip_bit(pack, at);
    CHECK(run() == Code::corrupt);
    CHECK(told.damaged.contains("pack " + pack.name));
    backend->replace(pack, good);
  }
}

TEST_CASE_FIXTURE(Fixture, "check: damage in one file names that file and no other") {
  OpenSettings settings = open_settings();
  settings.pack_size = 100'000;
  const auto small = Repository::open(test_context(), backend, settings);
  const std::string a = random.bytes(90'000);
  const std::string b = random.bytes(90'000);
  back_up(*small, {{"/d/a", a}, {"/d/b", b}, {"/e/c", random.bytes(90'000)}});
  repository = small;
  const FileName pack = pack_of(b);
  SUBCASE("flipped") {
    backend->flip_bit(pack, 1000);
  }
  SUBCASE("truncated") {
    backend->replace(pack, ByteView(backend->content(pack)).first(50'000));
  }
  SUBCASE("empty") {
    backend->replace(pack, {});
  }
  SUBCASE("missing") {
    backend->erase(pack);
  }
  SUBCASE("garbage") {
    backend->replace(pack, as_bytes(random.bytes(90'100)));
  }
  SUBCASE("swapped with another") {
    backend->replace(pack, backend->content(pack_of(a)));
  }
  CHECK(run() == Code::corrupt);
  CHECK(told.damaged == std::set<std::string>{"pack " + pack.name});
  CHECK(told.affected == std::set<std::string>{"/d/b"});
  CHECK(result.files_affected == 1);
  CHECK(result.snapshots_affected == 1);
}

TEST_CASE_FIXTURE(Fixture, "check: what is missing or too short is found without reading data") {
  back_up(*repository, {{"/a", "content"}});
  const FileName pack = pack_of("content");
  SUBCASE("missing") {
    backend->erase(pack);
  }
  SUBCASE("truncated") {
    backend->replace(pack, ByteView(backend->content(pack)).first(20));
  }
  CHECK(run({}) == Code::corrupt);
  CHECK(result.packs_read == 0);
  CHECK(told.affected == std::set<std::string>{"/a"});
}

TEST_CASE_FIXTURE(Fixture,
                  "check: a damaged tree affects its folder, in each snapshot that has it") {
  back_up(*repository, {{"/d/sub/a", "a"}, {"/e", "e"}});
  const BackupResult second = back_up(*repository, {{"/d/sub/a", "a"}, {"/e", "changed"}});
  const Id root = load_snapshot(*repository, *second.snapshot).tree;
  const Id sub = find_folder(*repository, root, "/d/sub");
  const auto place = repository->index().find(sub, BlobType::tree);
  backend->flip_bit(pack_of(sub, BlobType::tree), place->offset + 20);
  CHECK(run() == Code::corrupt);
  CHECK(told.affected.contains("/d/sub"));
  CHECK_FALSE(told.affected.contains("/e"));
  CHECK(result.snapshots_affected == 2);
}

TEST_CASE_FIXTURE(Fixture,
                  "check: a damaged index, snapshot or key is named, the rest still checked") {
  back_up(*repository, {{"/a", "content"}});
  const auto damage = [&](const FileName& file) {
    SUBCASE("flipped") {
      backend->flip_bit(file, 30);
    }
    SUBCASE("truncated") {
      backend->replace(file, ByteView(backend->content(file)).first(20));
    }
    SUBCASE("empty") {
      backend->replace(file, {});
    }
    CHECK(run() == Code::corrupt);
    CHECK(told.damaged.contains(to_string(file)));
  };
  SUBCASE("index") {
    damage({FileType::index, backend->names(FileType::index)[0]});
  }
  SUBCASE("snapshot") {
    damage({FileType::snapshot, backend->names(FileType::snapshot)[0]});
  }
  SUBCASE("a second key") {
    const FileName good{FileType::key, backend->names(FileType::key)[0]};
    const FileName second{FileType::key, std::string(64, '7')};
    backend->save(second, backend->content(good));
    damage(second);
  }
}

TEST_CASE_FIXTURE(Fixture, "check: a lost index makes its snapshots damaged, not silent") {
  back_up(*repository, {{"/a", "content"}});
  backend->erase({FileType::index, backend->names(FileType::index)[0]});
  CHECK(run() == Code::corrupt);
  CHECK(result.snapshots_affected == 1);
  CHECK(result.packs_unreferenced == 2);
}

TEST_CASE_FIXTURE(Fixture, "check: packs that no index names are counted, no damage") {
  back_up(*repository, {{"/a", "content"}});
  const std::string stray = random.bytes(100);
  backend->save({FileType::pack, sha256(as_bytes(stray)).hex()}, as_bytes(stray));
  CHECK(run() == Code::ok);
  CHECK(result.packs_unreferenced == 1);
}

TEST_CASE_FIXTURE(Fixture, "check: an unsafe name in a tree is told") {
  Node node;
  node.name = "..";
  const std::string json = tree_json({node});
  Progress progress;
  {
    const RepositoryLock lock(*repository, LockMode::shared, progress,
                              {.wait_before_recheck = std::chrono::nanoseconds(0)});
    BlobWriter writer(*repository, lock, false);
    writer.save(BlobType::tree, sha256(as_bytes(json)), as_bytes(json));
    writer.finish();
  }
  Snapshot snapshot;
  snapshot.tree = sha256(as_bytes(json));
  repository->save_unpacked(FileType::snapshot, snapshot_json(snapshot));
  CHECK(run() == Code::corrupt);
  CHECK(told.damaged.contains("tree " + snapshot.tree.hex()));
}

TEST_CASE_FIXTURE(Fixture, "check: the parts of a subset cover everything once") {
  OpenSettings settings = open_settings();
  settings.pack_size = 20'000;
  const auto small = Repository::open(test_context(), backend, settings);
  Files files;
  for (int i = 0; i < 40; ++i) files["/" + std::to_string(i)] = random.bytes(15'000);
  back_up(*small, files);
  uint64_t read = 0;
  for (const char* share : {"1/3", "2/3", "3/3"}) {
    CHECK(run(part(share)) == Code::ok);
    read += result.packs_read;
  }
  CHECK(read == result.packs);
  CHECK(run(part("10%")) == Code::ok);
  CHECK(result.packs_read == (result.packs + 9) / 10);
  CHECK(run(part("50K")) == Code::ok);
  CHECK(result.packs_read >= 1);
  CHECK(result.bytes_read <= 51'200);
}

TEST_CASE("check: a subset that makes no sense is refused") {
  for (const char* text : {"0/3", "4/3", "1/0", "1/257", "0%", "101%", "x", "5X", "-1", "0", "1/3x",
                           "nan%", "99999999999999999999G"}) {
    CAPTURE(text);
    CHECK(code_of([&] { Subset subset(text); }) == Code::invalid_argument);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "check: a budget reads what was verified longest ago, and remembers it") {
  OpenSettings settings = open_settings();
  settings.pack_size = 20'000;
  const auto small = Repository::open(test_context(), backend, settings);
  Files files;
  for (int i = 0; i < 20; ++i) files["/" + std::to_string(i)] = random.bytes(15'000);
  const auto stored = back_up(*small, files);
  const auto verified = [&] { return load_verified(*repository).snapshots; };

  CheckOptions options;
  options.read_data = true;
  options.budget_bytes = 100'000;
  CHECK(run(options) == Code::ok);
  CHECK(result.packs_read >= 4);
  CHECK(result.bytes_read <= 100'000);
  CHECK(result.packs_never_verified == result.packs - result.packs_read);
  CHECK(verified().empty());
  for (int i = 0; i < 10 && result.packs_never_verified > 0; ++i) {
    const uint64_t before = result.packs_never_verified;
    CHECK(run(options) == Code::ok);
    CHECK(result.packs_never_verified == before - std::min(before, result.packs_read));
  }
  CHECK(result.packs_never_verified == 0);
  CHECK_MESSAGE(verified().contains(*stored.snapshot), "all that it needs was read by now");

  options.budget_bytes = 0;
  options.max_age = std::chrono::hours(1);
  CHECK(run(options) == Code::ok);
  CHECK_MESSAGE(result.packs_read == 0, "nothing is that old");
  CHECK(result.oldest_unverified < std::chrono::hours(1));
  options.max_age = {};
  options.budget_time = std::chrono::nanoseconds(1);
  CHECK(run(options) == Code::ok);
  CHECK_MESSAGE(result.packs_read == 1, "at least one, or it would never get round");
}

TEST_CASE_FIXTURE(Fixture, "check: damage undoes what was verified before") {
  const std::string content = random.bytes(400'000);
  const auto stored = back_up(*repository, {{"/a", content}});
  CHECK(run() == Code::ok);
  CHECK(load_verified(*repository).snapshots.contains(*stored.snapshot));
  backend->flip_bit(pack_of(content), 1000);
  CHECK(run() == Code::corrupt);
  const VerifiedTimes times = load_verified(*repository);
  CHECK_FALSE(times.snapshots.contains(*stored.snapshot));
  CHECK_FALSE(times.packs.contains(*Id::parse(pack_of(content).name)));
  CHECK(result.packs_never_verified == 1);
}

TEST_CASE_FIXTURE(Fixture, "check: what cannot be recorded is no reason to fail") {
  back_up(*repository, {{"/a", "a"}});
  backend->before = [](const char* call, const FileName& file) {
    if (std::string_view(call) == "save" && file.type == FileType::verified) {
      throw Error(Code::permission, "storage is read-only");
    }
  };
  CHECK(run() == Code::ok);
  CHECK(load_verified(*repository).packs.empty());
}

TEST_CASE_FIXTURE(Fixture, "verified: records that another user closed to us prove nothing") {
  back_up(*repository, {{"/a", "a"}});
  CHECK(run() == Code::ok);
  CHECK(load_verified(*repository).packs.size() == 2);
  const char* closed = nullptr;
  SUBCASE("their folder") {
    closed = "list";
  }
  SUBCASE("one of them") {
    closed = "load";
  }
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) == closed && file.type == FileType::verified) {
      throw Error(Code::permission, "it belongs to somebody else");
    }
  };
  CHECK(load_verified(*repository).packs.empty());
}

TEST_CASE_FIXTURE(Fixture, "verified: many records become one") {
  back_up(*repository, {{"/a", "a"}});
  for (int i = 0; i < 20; ++i) CHECK(run() == Code::ok);
  const auto before = load_verified(*repository);
  CHECK(backend->names(FileType::verified).size() == 20);
  Progress progress;
  {
    const RepositoryLock lock(*repository, LockMode::exclusive, progress);
    compact_verified(*repository, lock, [](const Id&) { return true; });
  }
  CHECK(backend->names(FileType::verified).size() == 1);
  CHECK(load_verified(*repository).packs == before.packs);
  CHECK(load_verified(*repository).snapshots == before.snapshots);
}
