#include "operation/verify.hpp"

#include <functional>

#include "restore_support.hpp"

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

// make_tree() backed up, restored, and then changed.
struct VerifyBench : Bench {
  VerifyBench() {
    make_tree(source / "tree");
    back_up({source / "tree"});
    ref = find("latest:" + (source / "tree"));
    restore_into(repository, ref, target.path());
  }

  Code verify(const VerifyOptions& options = {}) {
    recorder = std::make_unique<Recorder>();
    return code_of([&] {
      core::verify(*repository, ref, target.path(), options, result, recorder->progress());
    });
  }
  const Recorder::Item& told(int32_t action, const char* path) const {
    const auto* item = recorder->find(action, path);
    REQUIRE_MESSAGE(item != nullptr, path);
    return *item;
  }
  // Changes something and leaves the times of a file and its folder as they were.
  void unnoticed(const std::string& path, const std::function<void()>& change) const {
    const std::string folder = fs::path(path).parent_path().string();
    const struct stat file = stat_of(path);
    const struct stat dir = stat_of(folder);
    change();
    set_times(path, file);
    set_times(folder, dir);
  }
  static void set_times(const std::string& path, const struct stat& st) {
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
  }

  TempDir source;
  TempDir target;
  SnapshotRef ref;
  VerifyResult result;
  std::unique_ptr<Recorder> recorder;
};

void flip_byte(const std::string& path, size_t at) {
  std::string content = read_file(path);
  content.at(at) = static_cast<char>(content[at] ^ 1);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file << content;
}

}  // namespace

TEST_CASE("what was restored is what the snapshot says") {
  VerifyBench bench;
  CHECK(bench.verify({.strict = true}) == Code::ok);
  CHECK(bench.result.matching == 14);
  CHECK(bench.result.files == 7);
  CHECK(bench.result.bytes == 2 * (6 << 20) + 14);
  CHECK(bench.recorder->items.empty());
}

TEST_CASE("content, type and size that differ are told with the place") {
  VerifyBench bench;
  bench.unnoticed(bench.target / "big", [&] { flip_byte(bench.target / "big", 5'000'000); });
  write_file(bench.target / "a/deep/two.txt", "longer than it was");
  fs::remove(bench.target / "link");
  fs::create_symlink("a/other.txt", bench.target / "link");
  fs::remove(bench.target / "fifo");
  make_folder(bench.target / "fifo");
  CHECK(bench.verify() == Code::checksum);
  CHECK(bench.result.differing == 5);  // with the other name of the big file
  CHECK(bench.result.metadata == 0);   // no folder has changed
  const std::string message = bench.told(SAPDR_ITEM_DIFFERS, "/big").message;
  const size_t at = message.rfind(' ');
  const auto offset = static_cast<size_t>(std::stoul(message.substr(at)));
  CHECK(offset <= 5'000'000);
  CHECK(offset + (8 << 20) > 5'000'000);
  CHECK(bench.told(SAPDR_ITEM_DIFFERS, "/a/deep/two.txt").message.find("18, not 3") !=
        std::string::npos);
  CHECK(bench.told(SAPDR_ITEM_DIFFERS, "/link").message.find("links") != std::string::npos);
  CHECK(bench.told(SAPDR_ITEM_DIFFERS, "/fifo").message.find("fifo") != std::string::npos);
}

TEST_CASE("what is missing is told with all that was in it") {
  VerifyBench bench;
  fs::remove_all(bench.target / "a/deep");
  CHECK(bench.verify() == Code::checksum);
  CHECK(bench.result.missing == 4);
  bench.told(SAPDR_ITEM_MISSING, "/a/deep/er/three");
}

TEST_CASE("metadata and extra files count only if that is wanted") {
  VerifyBench bench;
  ::chmod((bench.target / "a/one.txt").c_str(), 0600);
  bench.unnoticed(bench.target / "a", [&] {
    write_file(bench.target / "extra", "x");
    make_folder(bench.target / "extra-folder/below");
  });
  CHECK(bench.verify() == Code::ok);
  CHECK(bench.result.metadata == 1);
  CHECK(bench.result.extra == 2);
  CHECK(bench.told(SAPDR_ITEM_METADATA, "/a/one.txt").message == "mode 0600, not 4751");
  bench.told(SAPDR_ITEM_EXTRA, "/extra");
  CHECK(bench.verify({.strict = true}) == Code::checksum);
  CHECK(bench.verify({.includes = patterns({"/a/deep"}), .strict = true}) == Code::ok);
  CHECK(bench.result.matching == 4);
  CHECK(bench.verify({.excludes = patterns({"extra*", "one.txt"}), .strict = true}) == Code::ok);
  CHECK(bench.verify({.includes = patterns({"nothing"})}) == Code::not_found);
}

TEST_CASE("links of one file that are no longer links") {
  VerifyBench bench;
  bench.unnoticed(bench.target / "a/big-too", [&] {
    fs::copy_file(bench.target / "big", bench.target / "copy");
    fs::rename(bench.target / "copy", bench.target / "a/big-too");
    ::chmod((bench.target / "a/big-too").c_str(), 0644);
  });
  CHECK(bench.verify({.strict = true}) == Code::checksum);
  CHECK(bench.result.metadata == 2);
  CHECK(bench.told(SAPDR_ITEM_METADATA, "/big").message == "link count 1, not 2");
}

TEST_CASE("in place only what was backed up counts") {
  Bench bench;
  const TempDir source;
  make_folder(source / "mine");
  make_folder(source / "theirs");
  write_file(source / "mine/file", "content");
  const SnapshotRef ref = bench.back_up({source / "mine"});
  write_file(source / "theirs/file", "not in the snapshot");
  ::chmod(source.path().c_str(), 0711);
  VerifyResult result;
  Progress progress;
  CHECK(code_of([&] { verify(*bench.repository, ref, "", {.strict = true}, result, progress); }) ==
        Code::ok);
  CHECK(result.matching == 2);
  write_file(source / "mine/more", "x");
  CHECK(code_of([&] { verify(*bench.repository, ref, "", {.strict = true}, result, progress); }) ==
        Code::checksum);
  CHECK(result.extra == 1);
}

TEST_CASE("trees that cannot be read make it incomplete") {
  Bench bench;
  const TempDir target;
  const Id blob = bench.save_blob("content");
  const SnapshotRef ref =
      bench.save_snapshot(bench.save_tree({file_node("f", {blob}, 7), dir_node("lost", blob)}));
  write_file(target / "f", "content");
  make_folder(target / "lost");
  VerifyResult result;
  Recorder recorder;
  CHECK(code_of([&] {
          verify(*bench.repository, ref, target.path(), {}, result, recorder.progress());
        }) == Code::incomplete);
  CHECK(result.failed == 1);
  CHECK(recorder.find(SAPDR_ITEM_FAILED, "/lost") != nullptr);
  CHECK(code_of([&] {
          verify(*bench.repository, ref, target / "nowhere", {}, result, recorder.progress());
        }) == Code::not_found);
}

}  // namespace sapdr::test
