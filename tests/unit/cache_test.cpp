#include "storage/cache.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <mutex>
#include <thread>

#include "checksum/sha256.hpp"
#include "engine_support.hpp"
#include "storage/cache_space.hpp"
#include "support/files.hpp"

using namespace sapdr::test;
namespace fs = std::filesystem;

namespace {

const std::string repository_id(64, 'c');

// A cache around storage that counts what is asked of it.
struct Fixture {
  std::shared_ptr<TestBackend> storage = std::make_shared<TestBackend>();
  TempDir dir{memory_folder()};
  std::string folder = dir / "cache";
  uint64_t max_size = 1 << 30;
  std::mutex mutex;
  int loads = 0;
  std::vector<std::string> logged;
  std::shared_ptr<CachedBackend> cache;

  Fixture() {
    storage->before = [this](const char* call, const FileName&) {
      const std::lock_guard lock(mutex);
      if (std::string_view(call) == "load") ++loads;
    };
    open();
  }

  void open() {
    Context::Settings settings;
    settings.on_log = [this](const LogRecord& record) { logged.emplace_back(record.message); };
    cache = std::make_shared<CachedBackend>(test_context(settings), storage,
                                            CacheOptions{folder, max_size}, repository_id);
  }

  // An object that the storage has, not saved by way of the cache.
  FileName stored(FileType type, std::string_view content) {
    const FileName file{type, sha256(as_bytes(content)).hex(), type == FileType::pack};
    storage->save(file, as_bytes(content));
    return file;
  }
  std::string path(const FileName& file) const {
    return folder + "/" + repository_id + "/" + to_string(file.type) + "/" + file.name;
  }
  bool is_kept(const FileName& file) const { return fs::exists(fs::symlink_status(path(file))); }

  // The whole of an object, or of a pack a part.
  std::string read(const FileName& file) {
    if (file.type != FileType::pack) {
      const Bytes data = cache->load_all(file, 1 << 20);
      return std::string(as_text(data));
    }
    Bytes part(4);
    cache->load(file, 2, part);
    return std::string(as_text(part));
  }
  int loads_of(const FileName& file) {
    const int before = loads;
    read(file);
    return loads - before;
  }
};

const std::vector<FileType> kept_types = {FileType::snapshot, FileType::index, FileType::verified,
                                          FileType::pack};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "cache: what was read once is not asked for again") {
  for (const FileType type : kept_types) {
    CAPTURE(to_string(type));
    const FileName file = stored(type, std::string("content of ") + to_string(type));
    CHECK(loads_of(file) == 1);
    CHECK(loads_of(file) == 0);
    open();  // as another process would
    CHECK(loads_of(file) == 0);
    const std::string whole = std::string("content of ") + to_string(type);
    CHECK(read(file) == (type == FileType::pack ? whole.substr(2, 4) : whole));
  }
}

TEST_CASE_FIXTURE(Fixture, "cache: what is saved is kept at once") {
  for (const FileType type : kept_types) {
    const std::string content = std::string("content of ") + to_string(type);
    const FileName file{type, sha256(as_bytes(content)).hex(), true};
    cache->save(file, as_bytes(content));
    CHECK(storage->content(file).size() == content.size());
    CHECK(loads_of(file) == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "cache: how things are now is never kept, nor are packs of data") {
  for (const FileType type : {FileType::key, FileType::lock, FileType::pack}) {
    FileName file = stored(type, "now");
    file.holds_trees = false;
    for (int i = 0; i < 2; ++i) {
      Bytes out(3);
      cache->load(file, 0, out);
      CHECK(cache->load_all(file, 100).size() == 3);
    }
    CHECK(loads == 4);
    loads = 0;
  }
  cache->save({FileType::config, ""}, as_bytes("config"));
  CHECK(list_caches(folder).at(0).files == 0);
}

TEST_CASE_FIXTURE(Fixture, "cache: the storage says what exists, how large it is, and lists it") {
  const FileName file = stored(FileType::snapshot, "snapshot");
  read(file);
  storage->erase(file);
  CHECK_FALSE(cache->exists(file));
  CHECK(code_of([&] { cache->size_of(file); }) == Code::not_found);
  CHECK(is_kept(file));
  int told = 0;
  cache->list(FileType::index, [&](const ObjectInfo&) { ++told; });
  CHECK(is_kept(file));
  cache->list(FileType::snapshot, [&](const ObjectInfo&) { ++told; });
  CHECK(told == 0);
  CHECK_FALSE(is_kept(file));
  CHECK(code_of([&] { read(file); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "cache: a list that fails drops nothing") {
  const FileName file = stored(FileType::snapshot, "snapshot");
  read(file);
  storage->before = [](const char*, const FileName&) {
    throw Error(Code::network, "the network is down", Retry::maybe);
  };
  CHECK(code_of([&] { cache->list(FileType::snapshot, [](const ObjectInfo&) {}); }) ==
        Code::network);
  CHECK(is_kept(file));
}

TEST_CASE_FIXTURE(Fixture, "cache: what is erased is gone from it as well") {
  const FileName file = stored(FileType::index, "index");
  read(file);
  cache->erase(file);
  CHECK_FALSE(is_kept(file));
}

TEST_CASE_FIXTURE(Fixture, "cache: packs that the index does not name any more go") {
  const FileName used = stored(FileType::pack, "used by the index");
  const FileName unused = stored(FileType::pack, "unused");
  read(used);
  read(unused);
  const auto is_used = [&](const Id& id) { return id.hex() == used.name; };
  cache->keep_packs(1, is_used);
  CHECK(is_kept(unused));  // it came later than the index was read
  cache->keep_packs(now_ns(), is_used);
  CHECK(is_kept(used));
  CHECK_FALSE(is_kept(unused));
}

TEST_CASE_FIXTURE(Fixture, "cache: damage of every kind is read anew, and gone afterwards") {
  const TempDir elsewhere;
  write_file(elsewhere / "secret", "not to be read");
  const FileName other = stored(FileType::snapshot, "another snapshot");
  read(other);
  const FileName file = stored(FileType::snapshot, "the snapshot");
  read(file);
  const std::string place = path(file);
  const auto replace = [&](std::string_view content) { write_file(place, content); };
  SUBCASE("missing") {
    fs::remove(place);
  }
  SUBCASE("empty") {
    replace("");
  }
  SUBCASE("truncated") {
    replace("the sna");
  }
  SUBCASE("longer") {
    replace("the snapshot!");
  }
  SUBCASE("one bit flipped") {
    replace("tHe snapshot");
  }
  SUBCASE("garbage") {
    replace(std::string(100'000, '\xff'));
  }
  SUBCASE("larger than anything") {
    fs::resize_file(place, uint64_t{1} << 40);
  }
  SUBCASE("swapped") {
    fs::copy_file(path(other), place, fs::copy_options::overwrite_existing);
  }
  SUBCASE("an empty folder") {
    fs::remove(place);
    fs::create_directory(place);
  }
  SUBCASE("a link to the right content") {
    write_file(elsewhere / "right", "the snapshot");
    fs::remove(place);
    fs::create_symlink(elsewhere / "right", place);
  }
  SUBCASE("a link to itself") {
    fs::remove(place);
    fs::create_symlink(place, place);
  }
  SUBCASE("a fifo") {
    fs::remove(place);
    REQUIRE(::mkfifo(place.c_str(), 0600) == 0);
  }
  CHECK(read(file) == "the snapshot");
  CHECK(loads_of(file) == 0);
  CHECK(S_ISREG(stat_of(place).st_mode));
  CHECK(read_file(place) == "the snapshot");
  CHECK(read_file(elsewhere / "secret") == "not to be read");
}

TEST_CASE_FIXTURE(Fixture, "cache: a folder that cannot go is no failure") {
  const FileName file = stored(FileType::snapshot, "the snapshot");
  fs::create_directories(path(file) + "/full");
  CHECK(read(file) == "the snapshot");
  CHECK(read(file) == "the snapshot");
  CHECK(logged.size() == 1);  // and then it is off
}

TEST_CASE("cache: what may not be read is no failure") {
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0777);
  CHECK(holds_without_privilege([&] {
    Fixture f;
    f.folder = dir / "cache";
    f.open();
    const FileName file = f.stored(FileType::snapshot, "the snapshot");
    f.read(file);
    ::chmod(f.path(file).c_str(), 0);
    return f.read(file) == "the snapshot" && f.loads_of(file) == 0;
  }));
}

TEST_CASE_FIXTURE(Fixture, "cache: a part of a pack that is too short is read anew") {
  const FileName file = stored(FileType::pack, "a pack of trees");
  read(file);
  fs::resize_file(path(file), 4);
  CHECK(read(file) == "pack");
  CHECK_FALSE(is_kept(file));
  open();
  CHECK(loads_of(file) == 1);
  CHECK(loads_of(file) == 0);
}

TEST_CASE_FIXTURE(Fixture, "cache: a pack that is not what its name says is not kept") {
  const FileName file = stored(FileType::pack, "a pack of trees");
  storage->flip_bit(file, 0);
  CHECK(read(file) == "pack");
  CHECK_FALSE(is_kept(file));
  CHECK(loads_of(file) == 1);  // only what was asked for
}

TEST_CASE_FIXTURE(Fixture, "cache: a pack is fetched in pieces, and by one of many threads") {
  const std::string content(20 << 20, 'x');
  const FileName file = stored(FileType::pack, content);
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { right += read(file) == "xxxx"; });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(loads == 3);
}

TEST_CASE_FIXTURE(Fixture, "cache: while it cannot be fetched, the storage's error is told") {
  const FileName file = stored(FileType::pack, "a pack of trees");
  bool is_down = true;
  storage->before = [&](const char*, const FileName&) {
    if (is_down) throw Error(Code::network, "the network is down", Retry::maybe);
  };
  CHECK(code_of([&] { read(file); }) == Code::network);
  is_down = false;
  CHECK(read(file) == "pack");
  CHECK(is_kept(file));
}

TEST_CASE_FIXTURE(Fixture, "cache: what cannot be read whole can be read in parts") {
  const FileName file = stored(FileType::pack, "a pack of trees");
  int n = 0;
  storage->before = [&](const char* call, const FileName&) {
    if (std::string_view(call) == "load" && ++n == 1) throw Error(Code::io, "a bad sector");
  };
  CHECK(read(file) == "pack");
  CHECK_FALSE(is_kept(file));
}

TEST_CASE_FIXTURE(Fixture, "cache: the least recently used files make room") {
  max_size = 8'000;
  open();
  std::vector<FileName> files;
  for (int i = 0; i < 7; ++i) {
    files.push_back(stored(FileType::snapshot, std::string(1000, static_cast<char>('a' + i))));
    read(files.back());
    // Times of use an hour apart, the first one longest ago.
    const timespec times[2] = {{0, UTIME_OMIT}, {1'600'000'000 + i * 3600, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path(files.back()).c_str(), times, 0) == 0);
  }
  read(files[0]);  // used again
  const FileName large = stored(FileType::snapshot, std::string(2500, 'x'));
  read(large);
  CHECK(is_kept(large));
  CHECK(is_kept(files[0]));
  CHECK_FALSE(is_kept(files[1]));
  CHECK_FALSE(is_kept(files[2]));
  CHECK(is_kept(files[6]));
  for (int i = 0; i < 50; ++i) {
    read(stored(FileType::snapshot, std::string(900, 'y') + std::to_string(i)));
    CHECK(list_caches(folder).at(0).bytes <= max_size);
  }
  const FileName huge = stored(FileType::snapshot, std::string(8001, 'z'));
  CHECK(read(huge).size() == 8001);
  CHECK_FALSE(is_kept(huge));
}

TEST_CASE_FIXTURE(Fixture, "cache: the bound is that of all repositories together") {
  max_size = 4'000;
  open();
  const FileName old = stored(FileType::snapshot, std::string(3000, 'a'));
  read(old);
  CachedBackend other(test_context(), storage, {folder, max_size}, std::string(64, 'd'));
  const FileName file = stored(FileType::snapshot, std::string(2000, 'b'));
  other.load_all(file, 1 << 20);
  CHECK_FALSE(is_kept(old));
  uint64_t total = 0;
  for (const CacheInfo& info : list_caches(folder)) total += info.bytes;
  CHECK(total == 2000);
}

TEST_CASE_FIXTURE(Fixture, "cache: it stays where it was opened, wherever the process goes") {
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  folder = "relative";
  max_size = 3'000;
  open();
  fs::create_directory("below");
  fs::current_path("below");
  folder = dir / "relative";
  for (int i = 0; i < 10; ++i) {
    read(stored(FileType::snapshot, std::string(900, 'y') + std::to_string(i)));
    CHECK(list_caches(folder).at(0).bytes > 0);
    CHECK(list_caches(folder).at(0).bytes <= max_size);
  }
  fs::current_path(before);
}

TEST_CASE_FIXTURE(Fixture, "cache: packs do not come and go again and again") {
  max_size = 1'500;
  open();
  const FileName one = stored(FileType::pack, std::string(1000, 'a'));
  const FileName two = stored(FileType::pack, std::string(1000, 'b'));
  for (int i = 0; i < 10; ++i) {
    CHECK(read(one) == "aaaa");
    CHECK(read(two) == "bbbb");
  }
  CHECK(loads == 2 + 9);  // each was fetched, and the one that had to go was read in parts
}

TEST_CASE_FIXTURE(Fixture, "cache: leftovers of processes that were killed go") {
  const FileName file = stored(FileType::snapshot, "the snapshot");
  const std::string old = path(file) + "-tmp-0123456789abcdef";
  const std::string young = path(file) + "-tmp-0123456789abcdee";
  write_file(old, "the sn");
  write_file(young, "the sn");
  const timespec times[2] = {{0, UTIME_OMIT}, {1'600'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, old.c_str(), times, 0) == 0);
  read(file);
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(young));
}

TEST_CASE_FIXTURE(Fixture, "cache: nobody else may look, and backups leave it out") {
  const FileName file = stored(FileType::snapshot, "the snapshot");
  read(file);
  CHECK((stat_of(folder).st_mode & 07777) == 0700);
  CHECK((stat_of(folder + "/" + repository_id).st_mode & 07777) == 0700);
  CHECK((stat_of(path(file)).st_mode & 07777) == 0600);
  CHECK(read_file(folder + "/" + repository_id + "/CACHEDIR.TAG")
            .starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

TEST_CASE_FIXTURE(Fixture, "cache: links in its folder are not followed") {
  const TempDir elsewhere;
  for (const char* type : {"snapshot", "index", "pack", "verified"}) {
    fs::create_directory(elsewhere / type);
  }
  const std::string name(64, 'a');
  write_file(elsewhere / ("snapshot/" + name), "not ours");
  SUBCASE("that of a repository") {
    fs::remove_all(folder + "/" + repository_id);
    fs::create_symlink(elsewhere.path(), folder + "/" + repository_id);
  }
  SUBCASE("that of a type") {
    const std::string place = folder + "/" + repository_id + "/snapshot";
    fs::remove_all(place);
    fs::create_symlink(elsewhere / "snapshot", place);
  }
  CHECK(code_of([&] { open(); }) != Code::ok);
  make_room(folder, 1, 1);
  for (const CacheInfo& info : list_caches(folder)) CHECK(info.bytes == 0);
  code_of([&] { remove_old_caches(folder, std::chrono::nanoseconds(0)); });
  CHECK(read_file(elsewhere / ("snapshot/" + name)) == "not ours");
}

TEST_CASE_FIXTURE(Fixture, "cache: a folder that goes away turns it off") {
  const FileName file = stored(FileType::snapshot, "the snapshot");
  const FileName pack = stored(FileType::pack, "a pack of trees");
  fs::remove_all(folder);
  for (int i = 0; i < 2; ++i) {
    CHECK(read(file) == "the snapshot");
    CHECK(read(pack) == "pack");
    cache->list(FileType::snapshot, [](const ObjectInfo&) {});
  }
  REQUIRE(logged.size() == 1);
  CHECK(logged[0].find("the cache takes nothing new") == 0);
}

TEST_CASE_FIXTURE(Fixture, "cache: a full disk, and one that is read-only, turn it off") {
  if (::geteuid() != 0) return;
  fs::remove_all(folder);
  fs::create_directory(folder);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k,nr_inodes=20") != 0) return;
  open();
  const FileName small = stored(FileType::snapshot, "small");
  const FileName large = stored(FileType::snapshot, std::string(100'000, 'x'));
  const FileName pack = stored(FileType::pack, std::string(100'000, 'y'));
  CHECK(loads_of(small) == 1);
  CHECK(read(large).size() == 100'000);
  CHECK(read(pack) == "yyyy");
  CHECK(loads_of(small) == 0);
  CHECK(logged.size() == 1);
  CHECK(list_caches(folder).at(0).files == 1);  // nothing half-written stays

  REQUIRE(::mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") == 0);
  open();
  CHECK(loads_of(small) == 0);
  CHECK(read(large).size() == 100'000);
  CHECK(read(pack) == "yyyy");
  CHECK(logged.size() == 2);
  cache.reset();
  ::umount(folder.c_str());
}

TEST_CASE_FIXTURE(Fixture, "cache: while it is read anew, only what came since is used") {
  const FileName file = stored(FileType::snapshot, "the snapshot");
  const FileName pack = stored(FileType::pack, "a pack of trees");
  read(file);
  read(pack);
  write_file(path(pack), "A PACK OF TREES");
  CHECK(read(pack) == "PACK");  // whoever opens it proves it, not the cache
  CHECK(cache->begin_anew());
  CHECK(loads_of(file) == 1);
  CHECK(loads_of(file) == 0);
  CHECK(read(pack) == "pack");
  CHECK(loads_of(pack) == 0);
  CHECK_FALSE(cache->begin_anew());  // one in the other
  CHECK(loads_of(file) == 1);
  cache->end_anew();
  storage->flip_bit(file, 0);
  CHECK(read(file) == "the snapshot");
  cache->end_anew();
  CHECK(cache->begin_anew());
  CHECK(read(file) != "the snapshot");
  CHECK(loads_of(file) == 1);  // nor is it kept
  cache->end_anew();
}

TEST_CASE_FIXTURE(Fixture, "cache: many processes with little room read what is right") {
  max_size = 60'000;
  std::vector<FileName> files;
  for (int i = 0; i < 40; ++i) {
    const FileType type = i % 2 == 0 ? FileType::snapshot : FileType::pack;
    files.push_back(stored(type, std::string(4000, static_cast<char>('0' + i))));
  }
  cache.reset();
  const uint64_t chosen = seed();
  std::vector<pid_t> children;
  for (unsigned child = 0; child < 6; ++child) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      bool good = true;
      try {
        Splitmix random(chosen + child);
        for (int run = 0; run < 5; ++run) {
          // Another one may be removing what this one has just made.
          while (code_of([&] { open(); }) != Code::ok) {
          }
          for (int i = 0; i < 200; ++i) {
            const size_t at = random.next() % files.size();
            const std::string content = read(files[at]);
            good =
                good && content.find_first_not_of(static_cast<char>('0' + at)) == std::string::npos;
            if (i % 50 == 0) cache->list(FileType::snapshot, [](const ObjectInfo&) {});
            if (i % 70 == 0) cache->drop(files[at]);
          }
          // Which fails if others are just writing.
          if (run == 3) code_of([&] { remove_old_caches(folder, std::chrono::nanoseconds(0)); });
        }
      } catch (...) {
        good = false;
      }
      ::_exit(good && loads > 0 ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(status == 0);
  }
  uint64_t total = 0;
  for (const CacheInfo& info : list_caches(folder)) total += info.bytes;
  // Each may have written a 64th that the others did not know of, and one file more.
  CHECK(total <= max_size + 6 * (max_size / 64 + 4000));
}

TEST_CASE_FIXTURE(Fixture, "caches: listed by their last use, removed when that is long ago") {
  const FileName file = stored(FileType::snapshot, "the snapshot");
  read(file);
  const std::string old_id(64, 'd');
  CachedBackend(test_context(), storage, {folder, max_size}, old_id).load_all(file, 1 << 20);
  const std::string old = folder + "/" + old_id;
  const timespec times[2] = {{0, UTIME_OMIT}, {1'600'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, old.c_str(), times, 0) == 0);
  make_folder(folder + "/something else");
  const auto caches = list_caches(folder);
  REQUIRE(caches.size() == 2);
  CHECK(caches[0].repository_id == repository_id);
  CHECK(caches[1].repository_id == old_id);
  CHECK(caches[1].used == 1'600'000'000'000'000'000);
  CHECK(caches[1].files == 1);
  CHECK(caches[1].bytes == 12);
  const auto removed = remove_old_caches(folder, std::chrono::hours(24));
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].repository_id == old_id);
  CHECK_FALSE(fs::exists(old));
  CHECK(is_kept(file));
  CHECK(fs::exists(folder + "/something else"));
  CHECK(list_caches(folder + "/nowhere").empty());
  CHECK(remove_old_caches(folder + "/nowhere", std::chrono::nanoseconds(0)).empty());
}

TEST_CASE_FIXTURE(Fixture, "caches: what is not ours in one stays, and is told") {
  write_file(folder + "/" + repository_id + "/letter", "mine");
  CHECK(code_of([&] { remove_old_caches(folder, std::chrono::nanoseconds(0)); }) != Code::ok);
  CHECK(read_file(folder + "/" + repository_id + "/letter") == "mine");
}
