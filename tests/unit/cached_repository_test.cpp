// A repository with a cache: what it does not load again, and what it does not rely on.
#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>

#include "engine_support.hpp"
#include "operation/check.hpp"
#include "operation/prune.hpp"
#include "operation/repair.hpp"
#include "operation/walk.hpp"
#include "repository/verified.hpp"
#include "storage/cache_space.hpp"
#include "support/files.hpp"

using namespace sapdr::test;
namespace fs = std::filesystem;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  TempDir dir{memory_folder()};
  RepositoryPtr plain;  // without a cache
  Random random;
  Progress progress;
  std::mutex mutex;
  std::map<std::string, int> loaded;  // by type; of packs, those that hold trees
  std::vector<std::string> logged;
  Files files;

  Fixture() {
    make_repository(backend);
    plain = Repository::open(test_context(), backend, small_packs());
    for (int i = 0; i < 30; ++i) {
      files["/folder" + std::to_string(i) + "/file"] = random.bytes(1000);
    }
    backend->before = [this](const char* call, const FileName& file) {
      const std::lock_guard lock(mutex);
      if (std::string_view(call) != "load") return;
      const bool is_data = file.type == FileType::pack && !holds_trees(file);
      ++loaded[is_data ? "data" : to_string(file.type)];
    };
  }

  // Which are quickly made.
  static OpenSettings small_packs() {
    OpenSettings settings = open_settings();
    settings.pack_size = 1 << 20;
    return settings;
  }

  bool holds_trees(const FileName& pack) {
    const auto number = plain->index().pack_number(Id::parse(pack.name).value());
    return number && plain->index().blobs_in(*number).front().type == BlobType::tree;
  }

  // As another process would; with nothing counted so far.
  RepositoryPtr open() {
    OpenSettings settings = small_packs();
    settings.cache.folder = dir / "cache";
    Context::Settings context;
    context.on_log = [this](const LogRecord& record) { logged.emplace_back(record.message); };
    const RepositoryPtr repository = Repository::open(test_context(context), backend, settings);
    plain->load_index(progress);
    loaded.clear();
    return repository;
  }
  std::string cached(FileType type) {
    return dir / ("cache/" + plain->config().id + "/" + to_string(type));
  }
  std::vector<std::string> cached_files(FileType type) {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(cached(type))) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  // Everything that `snapshots` and `ls` ask for, as text.
  std::string list_all(const RepositoryPtr& repository) {
    std::string text;
    repository->load_index(progress);
    static_cast<void>(load_verified(*repository));
    for (const Snapshot& snapshot : list_snapshots(*repository, {})) {
      text += snapshot.id.hex() + "\n";
      Walk walk(repository, {snapshot, "/", snapshot.tree}, {});
      while (const Walk::Entry* entry = walk.next()) text += entry->path + "\n";
    }
    return text;
  }
  int loads_of_what_is_kept() {
    return loaded["snapshot"] + loaded["index"] + loaded["verified"] + loaded["pack"];
  }
  Code check_all(const RepositoryPtr& repository) {
    CheckResult result;
    return code_of([&] { check(*repository, {}, result, progress); });
  }
};

BackupOptions verified() {
  BackupOptions options;
  options.verify = true;
  return options;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "cached repository: a second listing loads nothing that is kept") {
  back_up(*plain, files, verified());
  const std::string expected = list_all(plain);
  CHECK(list_all(open()) == expected);
  CHECK(loaded["snapshot"] == 1);
  CHECK(loaded["index"] == 1);
  CHECK(loaded["verified"] == 1);
  CHECK(loaded["pack"] == 1);  // with all trees
  CHECK(list_all(open()) == expected);
  CHECK(loads_of_what_is_kept() == 0);
  CHECK(loaded["data"] == 0);
}

TEST_CASE_FIXTURE(Fixture, "cached repository: the next backup loads nothing of the one before") {
  back_up(*open(), files, verified());
  files["/folder7/file"] = "changed";
  const RepositoryPtr repository = open();
  const BackupResult second = back_up(*repository, files);
  CHECK(second.parent.has_value());
  CHECK(second.data_blobs_new == 1);
  CHECK(loads_of_what_is_kept() == 0);
  // What they stored is right without a cache.
  CHECK(check_all(plain) == Code::ok);
  const std::string expected = list_all(plain);
  CHECK(list_all(open()) == expected);
  CHECK(loads_of_what_is_kept() == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "cached repository: a local one has none, nor has one without a folder") {
  back_up(*plain, files);
  OpenSettings settings = open_settings();
  const auto local = open_memory();
  for (const FileType type : {FileType::config, FileType::key}) {
    for (const std::string& name : backend->names(type)) {
      local->save({type, name}, backend->content({type, name}));
    }
  }
  settings.cache.folder = dir / "cache";
  Repository::open(test_context(), local, settings);
  CHECK_FALSE(fs::exists(dir / "cache"));
  settings.cache.folder.clear();
  list_all(Repository::open(test_context(), backend, settings));
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE_FIXTURE(Fixture, "cached repository: damage of the cache changes nothing but the time") {
  back_up(*plain, files, verified());
  const std::string expected = list_all(plain);
  list_all(open());
  for (const FileType type : CacheFolder::types) {
    CAPTURE(to_string(type));
    for (const std::string& path : cached_files(type)) {
      const std::string right = read_file(path);
      const auto survives = [&](const std::string& damaged) {
        write_file(path, damaged);
        const RepositoryPtr repository = open();
        CHECK(list_all(repository) == expected);
        CHECK(loads_of_what_is_kept() >= 1);
        fs::remove(path);
      };
      survives("");
      survives(right.substr(0, right.size() / 2));
      survives(std::string(right.size(), '\0'));
      std::string flipped = right;
      for (char& byte : flipped) byte = static_cast<char>(byte ^ 1);
      survives(flipped);
      list_all(open());
      CHECK(read_file(path) == right);
      list_all(open());
      CHECK(loads_of_what_is_kept() == 0);
    }
  }
  CHECK(check_all(plain) == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "cached repository: one damaged blob in a pack of trees") {
  back_up(*plain, files);
  const std::string expected = list_all(plain);
  list_all(open());
  const std::string path = cached_files(FileType::pack).at(0);
  std::string damaged = read_file(path);
  damaged[20] = static_cast<char>(damaged[20] ^ 4);
  write_file(path, damaged);
  const RepositoryPtr repository = open();
  CHECK(list_all(repository) == expected);
  CHECK(back_up(*repository, files).tree_blobs_new == 0);
  list_all(open());
  CHECK(read_file(path) != damaged);
}

TEST_CASE_FIXTURE(Fixture,
                  "cached repository: what another repository had in its cache is no use") {
  back_up(*plain, files);
  const std::string expected = list_all(plain);
  list_all(open());
  const auto other_backend = std::make_shared<TestBackend>();
  const RepositoryPtr other = make_repository(other_backend);
  back_up(*other, {{"/other", "other"}});
  OpenSettings settings = open_settings();
  settings.cache.folder = dir / "cache";
  const RepositoryPtr cached_other = Repository::open(test_context(), other_backend, settings);
  cached_other->load_index(progress);
  list_all(cached_other);
  // Its files, under the names of ours.
  for (const FileType type : {FileType::snapshot, FileType::index, FileType::pack}) {
    const std::string theirs = dir / ("cache/" + other->config().id + "/" + to_string(type));
    const std::string foreign = read_file(fs::directory_iterator(theirs)->path());
    for (const std::string& path : cached_files(type)) write_file(path, foreign);
  }
  CHECK(list_all(open()) == expected);
  CHECK(list_all(cached_other).find("/other") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "cached repository: a check looks into the storage") {
  back_up(*plain, files);
  const RepositoryPtr repository = open();
  list_all(repository);
  CHECK(check_all(repository) == Code::ok);
  CHECK(loaded["pack"] == 1 + 1);  // all trees again, in one piece
  FileType type = FileType::snapshot;
  SUBCASE("a damaged snapshot") {}
  SUBCASE("a damaged index") {
    type = FileType::index;
  }
  SUBCASE("a damaged tree") {
    type = FileType::pack;
  }
  SUBCASE("a damaged tree that it read a moment ago") {
    type = FileType::pack;
    CHECK(check_all(repository) == Code::ok);
  }
  for (const std::string& name : backend->names(type)) {
    const FileName file{type, name};
    if (type != FileType::pack || holds_trees(file)) backend->flip_bit(file, 30);
  }
  // Whatever the cache and the handle know of it.
  CHECK(list_all(repository).find("/folder7/file") != std::string::npos);
  CHECK(check_all(repository) == Code::corrupt);
  CHECK(check_all(open()) == Code::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "cached repository: a prune removes nothing because of the cache") {
  const Id gone = *back_up(*plain, {{"/gone", random.bytes(1000)}}).snapshot;
  back_up(*plain, files);
  list_all(open());
  backend->erase({FileType::snapshot, gone.hex()});
  const RepositoryPtr repository = open();
  list_all(repository);
  for (const std::string& name : backend->names(FileType::pack)) {
    const FileName pack{FileType::pack, name};
    if (holds_trees(pack)) backend->flip_bit(pack, 30);
  }
  const auto before = backend->names(FileType::pack);
  const PruneOptions at_once{.max_unused = MaxUnused("0"), .grace = std::chrono::nanoseconds(0)};
  CHECK(code_of([&] {
          PruneStats result;
          PrunePlan::make(repository, at_once, progress)->run(result, progress);
        }) == Code::corrupt);
  CHECK(backend->names(FileType::pack) == before);
}

TEST_CASE_FIXTURE(Fixture, "cached repository: a prune of its own, and one of another machine") {
  const Id gone = *back_up(*plain, {{"/gone", random.bytes(1000)}}).snapshot;
  back_up(*plain, files);
  list_all(open());
  CHECK(cached_files(FileType::pack).size() == 2);
  const RepositoryPtr kept_open = open();
  list_all(kept_open);
  backend->erase({FileType::snapshot, gone.hex()});
  RepositoryPtr by = plain;
  SUBCASE("its own") {
    by = open();
  }
  SUBCASE("another machine's") {}
  const PruneOptions at_once{.max_unused = MaxUnused("0"), .grace = std::chrono::nanoseconds(0)};
  PruneStats result;
  PrunePlan::make(by, at_once, progress)->run(result, progress);
  CHECK(result.packs_removed == 2);
  by.reset();
  plain = Repository::open(test_context(), backend, small_packs());
  const std::string expected = list_all(plain);
  CHECK(list_all(kept_open) == expected);
  CHECK(list_all(open()) == expected);
  CHECK(cached_files(FileType::pack).size() == 1);
  CHECK(cached_files(FileType::snapshot).size() == 1);
  CHECK(cached_files(FileType::index).size() == backend->names(FileType::index).size());
  // What went is stored anew, though the cache may have known it.
  CHECK(back_up(*open(), {{"/gone", "anew"}, {"/folder7/file", files["/folder7/file"]}})
            .data_blobs_new == 1);
  CHECK(check_all(plain) == Code::ok);
}

TEST_CASE_FIXTURE(Fixture, "cached repository: a repair trusts the storage alone") {
  back_up(*plain, files);
  const RepositoryPtr repository = open();
  list_all(repository);
  SUBCASE("of the index") {
    const std::string index = backend->names(FileType::index).at(0);
    backend->flip_bit({FileType::index, index}, 30);
    RepairIndexResult result;
    repair_index(*repository, {}, result, progress);
    CHECK(result.index_files_damaged == 1);
    CHECK(result.packs_added == 2);
    CHECK(backend->names(FileType::index).at(0) != index);
  }
  SUBCASE("of packs and snapshots") {
    for (const std::string& name : backend->names(FileType::pack)) {
      const FileName pack{FileType::pack, name};
      // Every tree is damaged, which a cached copy would not show.
      if (holds_trees(pack)) {
        Bytes data = backend->content(pack);
        for (std::byte& byte : data) byte ^= std::byte{1};
        backend->replace(pack, data);
      }
    }
    RepairSnapshotsResult result;
    CHECK(code_of([&] { repair_snapshots(*repository, {}, result, progress); }) ==
          Code::incomplete);
    CHECK(result.snapshots_lost == 1);
    RepairPacksResult packs;
    CHECK(code_of([&] { repair_packs(*repository, {}, false, packs, progress); }) ==
          Code::incomplete);
    CHECK(packs.blobs_lost == 31);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "cached repository: a folder that cannot be used is logged, no failure") {
  back_up(*plain, files);
  write_file(dir / "cache", "a file");
  const RepositoryPtr repository = open();
  CHECK(list_all(repository) == list_all(plain));
  REQUIRE(logged.size() == 1);
  CHECK(logged[0].find("there is no cache: ") == 0);
}
