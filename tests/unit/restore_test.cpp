#include <sys/mount.h>

#include <thread>

#include "component/files/metadata.hpp"
#include "restore_support.hpp"

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

// A backup of make_tree(), as a folder of the snapshot.
struct TreeBench : Bench {
  explicit TreeBench(uint32_t version = 2) : Bench(version) {
    make_tree(source / "tree");
    snapshot = back_up({source / "tree"});
    ref = find(snapshot.snapshot.id.hex() + ":" + (source / "tree"));
  }
  TempDir source;
  SnapshotRef snapshot;
  SnapshotRef ref;  // the tree itself
};

void set_mtime(const std::string& path, int64_t seconds) {
  const struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

}  // namespace

TEST_CASE("a restored tree is the same in everything, and a second restore changes nothing") {
  for (const uint32_t version : {1U, 2U}) {
    const TreeBench bench(version);
    const TempDir target;
    const RestoreStats stats = restore_into(bench.repository, bench.ref, target / "new/place");
    CHECK(listing(target / "new/place") == listing(bench.source / "tree"));
    CHECK(stats.dirs == 4);
    CHECK(stats.files == 7);
    CHECK(stats.others == 3);
    CHECK(stats.bytes == 6 * 1024 * 1024 + 3 + 3 + 5 + 3);
    CHECK(stats.packs >= 1);
    CHECK(stats.bytes_fetched > 6 * 1024 * 1024);

    const auto before = stat_of(target / "new/place/big");
    const RestoreStats again = restore_into(bench.repository, bench.ref, target / "new/place");
    CHECK(again.files == 0);
    CHECK(again.dirs == 0);
    CHECK(again.others == 0);
    CHECK(again.files_unchanged == 7);
    CHECK(again.bytes_fetched == 0);
    CHECK(listing(target / "new/place") == listing(bench.source / "tree"));
    CHECK(stat_of(target / "new/place/big").st_ino == before.st_ino);
  }
}

TEST_CASE("the plan tells what will be done and touches nothing") {
  const TreeBench bench;
  const TempDir target;
  Recorder recorder;
  const auto plan =
      RestorePlan::make(bench.repository, bench.ref, target / "new", {}, recorder.progress());
  CHECK(plan->stats().files == 7);
  CHECK(plan->stats().packs == 1);
  CHECK(plan->packs().size() == 1);
  CHECK(plan->target() == target / "new");
  CHECK(recorder.count(SAPDR_ITEM_RESTORED) == 14);
  CHECK_FALSE(fs::exists(target / "new"));
  RestoreStats stats;
  plan->run(stats, recorder.progress());
  CHECK(stats.files == 7);
  CHECK(code_of([&] { plan->run(stats, recorder.progress()); }) == Code::invalid_state);
}

TEST_CASE("overwrite policies") {
  Bench bench;
  const TempDir source;
  for (const char* name : {"same", "older", "newer", "missing"}) {
    write_file(source / name, "right");
    set_mtime(source / name, 1000);
  }
  bench.back_up({source.path()});
  const SnapshotRef ref = bench.find("latest:" + source.path());

  const auto run = [&](Overwrite overwrite) {
    const TempDir target;
    write_file(target / "same", "wrong");  // size and time are as in the snapshot
    set_mtime(target / "same", 1000);
    write_file(target / "older", "old");
    set_mtime(target / "older", 900);
    write_file(target / "newer", "newer");
    set_mtime(target / "newer", 1100);
    const RestoreStats stats =
        restore_into(bench.repository, ref, target.path(), {.overwrite = overwrite});
    CHECK(read_file(target / "missing") == "right");
    std::string replaced;
    for (const char* name : {"same", "older", "newer"}) {
      if (read_file(target / name) == "right") replaced += std::string(name) + " ";
    }
    return replaced + std::to_string(stats.files) + std::to_string(stats.files_unchanged) +
           std::to_string(stats.files_skipped);
  };
  CHECK(run(Overwrite::if_changed) == "older newer 310");
  CHECK(run(Overwrite::always) == "same older newer 400");
  CHECK(run(Overwrite::if_newer) == "older 211");
  CHECK(run(Overwrite::never) == "103");
}

TEST_CASE("includes and excludes") {
  const TreeBench bench;
  const auto restored = [&](RestoreOptions options) {
    const TempDir target;
    restore_into(bench.repository, bench.ref, target.path(), options);
    std::string names;
    for (const std::string& line : listing(target.path())) {
      names += line.substr(0, line.find(' ')) + " ";
    }
    return names;
  };
  CHECK(restored({.includes = patterns({"*.txt"})}) == "/a /a/deep /a/deep/two.txt /a/one.txt ");
  CHECK(restored({.includes = patterns({"/a/deep"})}) ==
        "/a /a/deep /a/deep/er /a/deep/er/three /a/deep/two.txt ");
  CHECK(restored({.includes = patterns({"/a"}), .excludes = patterns({"deep", "big-too"})}) ==
        "/a /a/one.txt ");
  CHECK(restored({.includes = patterns({"empty-folder"})}) == "/empty-folder ");

  Recorder recorder;
  try {
    const TempDir target;
    RestorePlan::make(bench.repository, bench.ref, target.path(),
                      {.includes = patterns({"/a", "/nothing/*.here"})}, recorder.progress());
    FAIL("an include that matches nothing was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_found);
    CHECK(error.message().find("/nothing/*.here") != std::string::npos);
  }
}

TEST_CASE("folders that are only on the way get the metadata of the snapshot if they are new") {
  const TreeBench bench;
  const TempDir target;
  restore_into(bench.repository, bench.ref, target.path(),
               {.includes = patterns({"/a/deep/two.txt"})});
  CHECK((stat_of(target / "a/deep").st_mode & 07777) == 0750);
  make_folder(target / "there/a");
  ::chmod((target / "there/a").c_str(), 0711);
  restore_into(bench.repository, bench.ref, target / "there",
               {.includes = patterns({"/a/one.txt"})});
  CHECK((stat_of(target / "there/a").st_mode & 07777) == 0711);
}

TEST_CASE("hard links") {
  Bench bench;
  const TempDir source;
  make_folder(source / "z");
  write_file(source / "b", "shared");
  fs::create_hard_link(source / "b", source / "a");
  fs::create_hard_link(source / "b", source / "z/c");
  bench.back_up({source.path()});
  const SnapshotRef ref = bench.find("latest:" + source.path());
  const TempDir target;

  SUBCASE("are links again, also when one name is missing or another file") {
    restore_into(bench.repository, ref, target.path());
    CHECK(stat_of(target / "a").st_nlink == 3);
    fs::remove(target / "z/c");
    fs::remove(target / "b");
    fs::copy_file(target / "a", target / "b");
    set_mtime(target / "b", stat_of(source / "b").st_mtime);
    const RestoreStats stats = restore_into(bench.repository, ref, target.path());
    CHECK(stats.files == 2);
    CHECK(stats.bytes_fetched == 0);
    CHECK(stat_of(target / "a").st_nlink == 3);
    CHECK(read_file(target / "b") == "shared");
  }
  SUBCASE("of which only one is wanted are files") {
    restore_into(bench.repository, ref, target.path(), {.includes = patterns({"c"})});
    CHECK(read_file(target / "z/c") == "shared");
    CHECK(stat_of(target / "z/c").st_nlink == 1);
  }
  SUBCASE("are files where no link is possible") {
    make_folder(target / "z");
    if (::geteuid() != 0 || ::mount("tmpfs", (target / "z").c_str(), "tmpfs", 0, "") != 0) return;
    restore_into(bench.repository, ref, target.path(), {.verify = true});
    CHECK(stat_of(target / "a").st_nlink == 2);
    CHECK(stat_of(target / "z/c").st_nlink == 1);
    CHECK(stat_of(target / "z/c").st_mtime == stat_of(source / "a").st_mtime);
    CHECK(read_file(target / "z/c") == "shared");
    ::umount((target / "z").c_str());
  }
  SUBCASE("are not written through") {
    write_file(target / "mine", "precious");
    fs::create_hard_link(target / "mine", target / "a");
    restore_into(bench.repository, ref, target.path());
    CHECK(read_file(target / "mine") == "precious");
    CHECK(read_file(target / "a") == "shared");
  }
}

TEST_CASE("zeros become holes unless that is not wanted") {
  Bench bench;
  const TempDir source;
  const std::string data = random_content(700 * 1024);
  write_file(source / "sparse", std::string(20 << 20, '\0') + data + std::string(9 << 20, '\0'));
  write_file(source / "zeros", std::string(8 << 20, '\0'));
  bench.back_up({source.path()});
  const SnapshotRef ref = bench.find("latest:" + source.path());
  const TempDir target;
  const RestoreStats stats =
      restore_into(bench.repository, ref, target / "holes", {.verify = true});
  CHECK(listing(target / "holes") == listing(source.path()));
  CHECK(stat_of(target / "holes/zeros").st_blocks == 0);
  CHECK(stat_of(target / "holes/sparse").st_blocks * 512 < (4 << 20));
  CHECK(stats.bytes_verified == (29 << 20) + (8 << 20) + 700 * 1024);
  restore_into(bench.repository, ref, target / "full", {.sparse = false});
  CHECK(listing(target / "full") == listing(source.path()));
  CHECK(stat_of(target / "full/zeros").st_blocks * 512 >= (8 << 20));
}

TEST_CASE("what is in the way is replaced, but not a folder with something in it") {
  const TreeBench bench;
  const TempDir target;
  write_file(target / "a", "a file where a folder belongs");
  make_folder(target / "big");
  write_file(target / "big/mine", "precious");
  make_folder(target / "link");
  Recorder recorder;
  RestoreStats stats;
  CHECK(code_of([&] {
          restore_into(bench.repository, bench.ref, target.path(), {}, stats, recorder);
        }) == Code::incomplete);
  CHECK(stats.items_failed == 2);  // with it the other name of the same file
  const auto* item = recorder.find(SAPDR_ITEM_FAILED, "/big");
  REQUIRE(item != nullptr);
  CHECK(item->code == Code::exists);
  CHECK(recorder.find(SAPDR_ITEM_FAILED, "/a/big-too") != nullptr);
  CHECK(read_file(target / "big/mine") == "precious");
  CHECK(read_file(target / "a/one.txt") == "one");
  CHECK(fs::read_symlink(target / "link") == "a/one.txt");
}

TEST_CASE("metadata alone is set right again") {
  const TreeBench bench;
  const TempDir target;
  restore_into(bench.repository, bench.ref, target.path());
  ::chmod((target / "a/one.txt").c_str(), 0600);
  const RestoreStats stats = restore_into(bench.repository, bench.ref, target.path());
  CHECK(stats.files == 0);
  CHECK(listing(target.path()) == listing(bench.source / "tree"));
}

TEST_CASE("verification finds a file that only looks right, and the next restore mends it") {
  const TreeBench bench;
  const TempDir target;
  restore_into(bench.repository, bench.ref, target.path(), {.verify = true});
  const struct stat st = stat_of(target / "big");
  std::string content = read_file(target / "big");
  content[5'000'000] = static_cast<char>(content[5'000'000] ^ 1);
  {
    std::fstream file(target / "big", std::ios::in | std::ios::out | std::ios::binary);
    file << content;
  }
  const struct timespec times[2] = {st.st_atim, st.st_mtim};
  ::utimensat(AT_FDCWD, (target / "big").c_str(), times, 0);

  CHECK(restore_into(bench.repository, bench.ref, target.path()).files == 0);
  Recorder recorder;
  RestoreStats stats;
  CHECK(code_of([&] {
          restore_into(bench.repository, bench.ref, target.path(), {.verify = true}, stats,
                       recorder);
        }) == Code::checksum);
  CHECK(stats.bytes_verified > 5'000'000);
  const auto* item = recorder.find(SAPDR_ITEM_FAILED, "/big");
  REQUIRE(item != nullptr);
  CHECK(item->code == Code::checksum);
  restore_into(bench.repository, bench.ref, target.path(), {.verify = true});
  CHECK(listing(target.path()) == listing(bench.source / "tree"));
}

TEST_CASE("a cancelled restore leaves no file that looks right, and the next one completes it") {
  Bench bench;
  const TempDir source;
  for (int i = 0; i < 40; ++i) {
    write_file(source / ("file" + std::to_string(i)),
               random_content(300'000, static_cast<uint64_t>(i)));
  }
  write_file(source / "large", random_content(8 << 20, 99));
  bench.back_up({source.path()});
  const SnapshotRef ref = bench.find("latest:" + source.path());
  const TempDir target;
  Recorder recorder;
  const auto plan =
      RestorePlan::make(bench.repository, ref, target.path(), {}, recorder.progress());
  recorder.cancel_at(SAPDR_ITEM_RESTORED);
  RestoreStats stats;
  CHECK(code_of([&] { plan->run(stats, recorder.progress()); }) == Code::cancelled);
  CHECK(stats.files < 41);
  for (const auto& entry : fs::directory_iterator(target.path())) {
    const std::string name = entry.path().filename();
    CHECK(read_file(entry.path()) == read_file(source / name));
  }
  restore_into(bench.repository, ref, target.path());
  CHECK(listing(target.path()) == listing(source.path()));
}

TEST_CASE("in place") {
  Bench bench;
  const TempDir source;
  make_folder(source / "home/u/work");
  make_folder(source / "home/u/other");
  write_file(source / "home/u/work/file", "content");
  write_file(source / "home/u/other/file", "not backed up");

  const auto damage_and_restore = [&](const SnapshotRef& ref) {
    fs::remove(source / "home/u/work/file");
    ::chmod((source / "home/u").c_str(), 0711);
    ::chmod((source / "home/u/work").c_str(), 0700);
    set_mtime(source / "home/u", 12345);
    restore_into(bench.repository, ref, "");
    CHECK(read_file(source / "home/u/work/file") == "content");
    CHECK(read_file(source / "home/u/other/file") == "not backed up");
    CHECK((stat_of(source / "home/u").st_mode & 07777) == 0711);
    CHECK(stat_of(source / "home/u").st_mtime == 12345);
    CHECK((stat_of(source / "home/u/work").st_mode & 07777) == 0755);
  };

  SUBCASE("from absolute paths: folders above stay as they are") {
    const SnapshotRef ref = bench.back_up({source / "home/u/work"});
    CHECK(original_root(*bench.repository, ref.snapshot) == "/");
    damage_and_restore(ref);
  }
  SUBCASE("from relative paths") {
    const fs::path before = fs::current_path();
    fs::current_path(source / "home/u");
    const SnapshotRef ref = bench.back_up({"work"});
    fs::current_path(before);
    CHECK(original_root(*bench.repository, ref.snapshot) == source / "home/u");
    damage_and_restore(ref);
  }
  SUBCASE("a folder above that was replaced by a link is not followed") {
    const SnapshotRef ref = bench.back_up({source / "home/u/work"});
    fs::rename(source / "home", source / "elsewhere");
    fs::create_symlink("elsewhere", source / "home");
    fs::remove(source / "elsewhere/u/work/file");
    Recorder recorder;
    RestoreStats stats;
    CHECK(code_of([&] { restore_into(bench.repository, ref, "", {}, stats, recorder); }) ==
          Code::incomplete);
    CHECK(recorder.find(SAPDR_ITEM_FAILED, source / "home") != nullptr);
    CHECK(fs::is_symlink(source / "home"));
    CHECK_FALSE(fs::exists(source / "elsewhere/u/work/file"));
  }
  SUBCASE("needs a snapshot that tells where it came from") {
    const SnapshotRef ref = bench.save_snapshot(bench.save_tree({}), {"/no/such/folder"});
    CHECK(original_root(*bench.repository, ref.snapshot) == "/no/such/folder");
    const SnapshotRef none = bench.save_snapshot(bench.save_tree({}), {});
    CHECK(code_of([&] { original_root(*bench.repository, none.snapshot); }) ==
          Code::invalid_argument);
  }
}

TEST_CASE("a target that is too small is refused before the first byte") {
  if (::geteuid() != 0) return;
  const TempDir mount;
  if (::mount("tmpfs", mount.path().c_str(), "tmpfs", 0, "size=2m") != 0) return;
  const TreeBench bench;
  Recorder recorder;
  RestoreStats stats;
  try {
    restore_into(bench.repository, bench.ref, mount.path(), {}, stats, recorder);
    FAIL("there was room for it");
  } catch (const Error& error) {
    CHECK(error.code() == Code::no_space);
    CHECK(*error.detail("needed") == std::to_string((6 << 20) + 14));
  }
  CHECK(fs::is_empty(mount.path()));

  // Small enough on paper: it runs full in the middle, and nothing half-written stays.
  write_file(mount / "filler", std::string(1 << 20, 'x'));
  REQUIRE(::mount("tmpfs", mount.path().c_str(), "tmpfs", MS_REMOUNT, "size=7m,nr_inodes=6") == 0);
  Recorder second;
  CHECK(code_of([&] {
          restore_into(bench.repository, bench.ref, mount.path(), {}, stats, second);
        }) == Code::no_space);
  CHECK_FALSE(fs::exists(mount / "big"));
  ::umount(mount.path().c_str());
}

TEST_CASE("a target that may not be written to is one clear failure") {
  const TreeBench bench;
  const TempDir target;
  ::chmod(target.path().c_str(), 0555);
  CHECK(holds_without_privilege([&] {
    Bench own;
    const SnapshotRef ref = own.save_snapshot(own.save_tree({file_node("f", {}, 0)}));
    Recorder recorder;
    RestoreStats stats;
    const Code code =
        code_of([&] { restore_into(own.repository, ref, target.path(), {}, stats, recorder); });
    return code == Code::permission && stats.items_failed == 0;
  }));
}

TEST_CASE("delete: what is not in the snapshot goes, last") {
  const TreeBench bench;
  const TempDir target;
  restore_into(bench.repository, bench.ref, target / "t");
  write_file(target / "t/extra", "x");
  fs::create_directories(target / "t/sub-extra/deep");
  write_file(target / "t/sub-extra/deep/file", "x");
  write_file(target / "outside", "x");
  fs::create_symlink(target / "outside", target / "t/extra-link");
  RestoreOptions options;
  options.remove_extra = true;

  SUBCASE("all of it") {
    const RestoreStats stats = restore_into(bench.repository, bench.ref, target / "t", options);
    CHECK(stats.items_removed == 3);
    CHECK(listing(target / "t") == listing(bench.source / "tree"));
    CHECK_MESSAGE(fs::exists(target / "outside"), "a link is removed, not followed");
  }
  SUBCASE("not what is excluded, nor what holds it") {
    options.excludes = patterns({"deep/file"});
    const RestoreStats stats = restore_into(bench.repository, bench.ref, target / "t", options);
    CHECK(stats.items_removed == 2);
    CHECK(fs::exists(target / "t/sub-extra/deep/file"));
    CHECK_FALSE(fs::exists(target / "t/extra"));
  }
  SUBCASE("only what is included") {
    write_file(target / "t/big-extra", "x");
    options.includes = patterns({"/big*"});
    const RestoreStats stats = restore_into(bench.repository, bench.ref, target / "t", options);
    CHECK(stats.items_removed == 1);
    CHECK(fs::exists(target / "t/extra"));
    CHECK_FALSE(fs::exists(target / "t/big-extra"));
  }
  SUBCASE("nothing while it is only planned") {
    Recorder recorder;
    const auto plan =
        RestorePlan::make(bench.repository, bench.ref, target / "t", options, recorder.progress());
    CHECK(plan->stats().items_removed == 3);
    CHECK(recorder.count(SAPDR_ITEM_REMOVED) == 3);
    CHECK(fs::exists(target / "t/extra"));
  }
}

TEST_CASE("delete: nothing goes when something could not be restored") {
  const TreeBench bench;
  const TempDir target;
  restore_into(bench.repository, bench.ref, target / "t");
  write_file(target / "t/extra", "x");
  fs::remove(target / "t/big");
  for (const std::string& pack : bench.backend->names(FileType::pack)) {
    bench.backend->flip_bit({FileType::pack, pack},
                            100'000 % bench.backend->content({FileType::pack, pack}).size());
  }
  RestoreOptions options;
  options.remove_extra = true;
  RestoreStats stats;
  Recorder recorder;
  CHECK(code_of([&] {
          restore_into(bench.repository, bench.ref, target / "t", options, stats, recorder);
        }) != Code::ok);
  CHECK(stats.items_removed == 0);
  CHECK(fs::exists(target / "t/extra"));
}

TEST_CASE("delete: the root of the system is not emptied by mistake") {
  const TreeBench bench;
  RestoreOptions options;
  options.remove_extra = true;
  Recorder recorder;
  CHECK(code_of([&] {
          RestorePlan::make(bench.repository, bench.ref, "/", options, recorder.progress());
        }) == Code::invalid_argument);
}

TEST_CASE("delete: in place, only folders that were backed up are cleaned") {
  const TreeBench bench;
  write_file(bench.source / "beside", "x");
  write_file(bench.source / "tree/extra", "x");
  RestoreOptions options;
  options.remove_extra = true;
  const RestoreStats stats = restore_into(bench.repository, bench.snapshot, "", options);
  CHECK(stats.items_removed == 1);
  CHECK(fs::exists(bench.source / "beside"));
  CHECK_FALSE(fs::exists(bench.source / "tree/extra"));
}

}  // namespace sapdr::test
