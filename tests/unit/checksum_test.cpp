#include "operation/checksum.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "checksum/manifest.hpp"
#include "checksum/sha256.hpp"
#include "operation/verify_manifest.hpp"
#include "restore_support.hpp"

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

std::string line_of(const std::string& name, std::string_view content) {
  return manifest_line(sha256(as_bytes(content)), name);
}

ContextPtr context_of(unsigned threads) {
  Context::Settings settings;
  settings.threads = threads;
  return test_context(settings);
}

// A folder, what is said of it, and a manifest beside it.
struct ChecksumBench {
  Code tree(const ChecksumOptions& options = {}) {
    told.clear();
    recorder = std::make_unique<Recorder>();
    const auto each = [&](const std::string& path, uint64_t size, const Id& id) {
      CHECK(size == fs::file_size(fs::path(folder.path()) / path));
      told.emplace_back(path, id);
    };
    return code_of([&] {
      checksum_tree(*context, folder.path(), options, each, result, recorder->progress());
    });
  }
  Code write(const std::string& path, const ChecksumOptions& options = {}) {
    recorder = std::make_unique<Recorder>();
    return code_of([&] {
      write_manifest(*context, folder.path(), path, options, result, recorder->progress());
    });
  }
  Code verify(const std::string& path, const ManifestOptions& options = {}) {
    recorder = std::make_unique<Recorder>();
    return code_of([&] {
      verify_manifest(*context, folder.path(), path, options, verified, recorder->progress());
    });
  }
  Code verify_text(const std::string& text, const ManifestOptions& options = {}) {
    write_file(manifest, text);
    return verify(manifest, options);
  }
  std::string message(int32_t action, const std::string& path) const {
    const Recorder::Item* item = recorder->find(action, path);
    REQUIRE_MESSAGE(item != nullptr, path);
    return item->message;
  }

  const TempDir folder;
  const TempDir elsewhere;
  const std::string manifest = elsewhere / "sums";
  ContextPtr context = context_of(3);
  std::vector<std::pair<std::string, Id>> told;
  std::unique_ptr<Recorder> recorder;
  ChecksumResult result;
  ManifestResult verified;
};

}  // namespace

TEST_CASE("checksums: of a folder, in order, however the threads finish") {
  ChecksumBench bench;
  std::map<std::string, Id> expected;
  uint64_t bytes = 0;
  for (size_t i = 0; i < 200; ++i) {
    const std::string name = "d" + std::to_string(i % 7) + "/f" + std::to_string(i);
    const std::string content = random_content(i % 50 == 0 ? 5'000'000 : i * 40, i);
    make_folder(fs::path(bench.folder / name).parent_path().string());
    write_file(bench.folder / name, content);
    expected[name] = sha256(as_bytes(content));
    bytes += content.size();
  }
  CHECK(bench.tree() == Code::ok);
  CHECK(bench.told == std::vector<std::pair<std::string, Id>>(expected.begin(), expected.end()));
  CHECK(bench.result.files == 200);
  CHECK(bench.result.bytes == bytes);
}

TEST_CASE("checksums: more files than wait at once") {
  ChecksumBench bench;
  const TempDir many(memory_folder());
  write_file(many / "00000-large", random_content(20'000'000));
  for (int i = 0; i < 10'000; ++i) write_file(many / std::to_string(100'000 + i), "x");
  uint64_t told = 0;
  std::string last;
  Progress progress;
  checksum_tree(
      *bench.context, many.path(), {},
      [&](const std::string& path, uint64_t, const Id&) {
        ++told;
        REQUIRE(last < path);
        last = path;
      },
      bench.result, progress);
  CHECK(told == 10'001);
}

TEST_CASE("checksums: empty files, holes, and files that do not say their size") {
  ChecksumBench bench;
  write_file(bench.folder / "empty", "");
  std::string content(3'000'000, '\0');
  content += "end";
  write_file(bench.folder / "sparse", "");
  fs::resize_file(bench.folder / "sparse", 3'000'000);
  std::ofstream(bench.folder / "sparse", std::ios::app) << "end";
  fs::resize_file(bench.folder / "sparse", 8'000'000);
  content.resize(8'000'000);
  CHECK(bench.tree() == Code::ok);
  REQUIRE(bench.told.size() == 2);
  CHECK(bench.told[0].second == sha256({}));
  CHECK(bench.told[1].second == sha256(as_bytes(content)));
  CHECK(bench.result.bytes == content.size());

  // The size that the system tells is 0.
  Progress progress;
  std::optional<Id> version;
  checksum_tree(
      *bench.context, "/proc", {.paths = {"version"}},
      [&](const std::string&, uint64_t, const Id& id) { version = id; }, bench.result, progress);
  CHECK(version == sha256(as_bytes(read_file("/proc/version"))));
}

TEST_CASE("checksums: what is skipped and what cannot be read is told") {
  ChecksumBench bench;
  write_file(bench.folder / "file", "x");
  fs::create_symlink("file", bench.folder / "link");
  // A regular file that not even root can read from the start.
  CHECK(bench.tree({.paths = {".", "/proc/self/mem"}}) == Code::incomplete);
  CHECK((bench.result.files == 1 && bench.result.failed == 1 && bench.result.skipped == 1));
  bench.message(SAPDR_ITEM_SKIPPED, "link");
  CHECK(bench.message(SAPDR_ITEM_FAILED, "/proc/self/mem").find("read") != std::string::npos);
  CHECK(bench.tree({.paths = {"/proc/self/mem"}}) == Code::io);
  CHECK(bench.tree({.paths = {"nothing"}}) == Code::not_found);
  CHECK(bench.recorder->items.empty());
}

TEST_CASE("checksums: a folder without files has none") {
  ChecksumBench bench;
  CHECK(bench.tree() == Code::ok);
  CHECK((bench.told.empty() && bench.result.files == 0));
  CHECK(bench.write(bench.manifest) == Code::ok);
  CHECK(read_file(bench.manifest).empty());
  // Whoever emptied a manifest must not get a success from it.
  CHECK(bench.verify(bench.manifest) == Code::invalid_argument);
}

TEST_CASE("checksums: cancelled in the middle, stopped by a callback") {
  ChecksumBench bench;
  for (int i = 0; i < 50; ++i) write_file(bench.folder / std::to_string(i), "x");
  Recorder recorder;
  uint64_t told = 0;
  CHECK(code_of([&] {
          checksum_tree(
              *bench.context, bench.folder.path(), {},
              [&](const std::string&, uint64_t, const Id&) {
                ++told;
                recorder.cancel().trigger();
              },
              bench.result, recorder.progress());
        }) == Code::cancelled);
  CHECK(told == 1);
  write_file(bench.manifest, "old");
  recorder.cancel().trigger();
  CHECK(code_of([&] {
          write_manifest(*bench.context, bench.folder.path(), bench.manifest, {}, bench.result,
                         recorder.progress());
        }) == Code::cancelled);
  CHECK(read_file(bench.manifest) == "old");
  CHECK(listing(bench.elsewhere.path()).size() == 1);
}

TEST_CASE("manifest: written and verified") {
  ChecksumBench bench;
  make_tree(bench.folder.path());
  CHECK(bench.write(bench.manifest) == Code::ok);
  CHECK((bench.result.files == 7 && bench.result.skipped == 3));
  const std::string text = read_file(bench.manifest);
  CHECK(text.starts_with(line_of("a/big-too", read_file(bench.folder / "big"))));
  CHECK(text.ends_with(line_of("odd \xff\n name", "odd")));
  CHECK(bench.verify(bench.manifest) == Code::ok);
  CHECK((bench.verified.matching == 7 && bench.verified.files == 7));
  CHECK(bench.verified.bytes == bench.result.bytes);
  CHECK(bench.recorder->count(SAPDR_ITEM_UNCHANGED) == 7);
}

TEST_CASE("manifest: the same folder gives the same bytes") {
  ChecksumBench bench;
  make_tree(bench.folder.path());
  CHECK(bench.write(bench.manifest) == Code::ok);
  bench.context = context_of(1);
  CHECK(bench.write(bench.elsewhere / "again") == Code::ok);
  CHECK(read_file(bench.manifest) == read_file(bench.elsewhere / "again"));
}

TEST_CASE("manifest: inside the folder it does not name itself") {
  ChecksumBench bench;
  write_file(bench.folder / "file", "x");
  make_folder(bench.folder / "sub");
  for (const char* name : {"SHA256SUMS", "sub/SHA256SUMS"}) {
    for (int i = 0; i < 2; ++i) {
      CHECK(bench.write(bench.folder / name, {.paths = {"file", "sub"}}) == Code::ok);
      CHECK(read_file(bench.folder / name) == line_of("file", "x"));
    }
    const ManifestOptions strict{.paths = {"file", "sub"}, .strict = true};
    CHECK(bench.verify(bench.folder / name, strict) == Code::ok);
    CHECK(bench.verified.extra == 0);
  }
}

TEST_CASE("manifest: unreadable files are left out, and nothing replaces a good one") {
  ChecksumBench bench;
  write_file(bench.folder / "file", "x");
  CHECK(bench.write(bench.manifest, {.paths = {"file", "/proc/self/mem"}}) == Code::incomplete);
  CHECK(read_file(bench.manifest) == line_of("file", "x"));
  CHECK(bench.write(bench.manifest, {.paths = {"/proc/self/mem"}}) == Code::io);
  CHECK(bench.write(bench.manifest, {.paths = {"missing"}}) == Code::not_found);
  CHECK(read_file(bench.manifest) == line_of("file", "x"));
  CHECK(listing(bench.elsewhere.path()).size() == 1);
}

TEST_CASE("manifest: only a file is replaced") {
  ChecksumBench bench;
  write_file(bench.folder / "file", "x");
  make_folder(bench.elsewhere / "folder");
  fs::create_symlink("nowhere", bench.elsewhere / "link");
  for (const char* name : {"folder", "link", "folder/"}) {
    CHECK(bench.write(bench.elsewhere / name) == Code::invalid_argument);
  }
  CHECK(bench.write("/dev/null") == Code::invalid_argument);
  CHECK(bench.write(bench.elsewhere / "no/folder") == Code::not_found);
  CHECK(fs::is_symlink(bench.elsewhere / "link"));
}

TEST_CASE("manifest: a full disk leaves the old one") {
  ChecksumBench bench;
  for (int i = 0; i < 20; ++i) write_file(bench.folder / std::to_string(i), "x");
  write_file(bench.manifest, "old");
  ::chmod(bench.elsewhere.path().c_str(), 0777);
  ::chmod(bench.folder.path().c_str(), 0755);
  CHECK(holds_without_privilege([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit { 100, 100 };
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ChecksumResult result;
    Progress progress;
    return code_of([&] {
             write_manifest(*bench.context, bench.folder.path(), bench.manifest, {}, result,
                            progress);
           }) == Code::no_space;
  }));
  CHECK(read_file(bench.manifest) == "old");
  CHECK(listing(bench.elsewhere.path()).size() == 1);
}

TEST_CASE("verify manifest: each difference is named") {
  ChecksumBench bench;
  for (const char* name : {"right", "wrong", "gone", "now-a-folder"}) {
    write_file(bench.folder / name, name);
  }
  REQUIRE(bench.write(bench.manifest) == Code::ok);
  write_file(bench.folder / "wrong", "wrOng");
  fs::remove(bench.folder / "gone");
  fs::remove(bench.folder / "now-a-folder");
  make_folder(bench.folder / "now-a-folder");
  CHECK(bench.verify(bench.manifest) == Code::checksum);
  CHECK((bench.verified.matching == 1 && bench.verified.differing == 2));
  CHECK((bench.verified.missing == 1 && bench.verified.failed == 0));
  bench.message(SAPDR_ITEM_UNCHANGED, "right");
  bench.message(SAPDR_ITEM_MISSING, "gone");
  CHECK(bench.message(SAPDR_ITEM_DIFFERS, "now-a-folder") == "it is not a file");
  CHECK(bench.message(SAPDR_ITEM_DIFFERS, "wrong") ==
        "its SHA-256 is " + sha256(as_bytes("wrOng")).hex() + ", not " +
            sha256(as_bytes("wrong")).hex());
}

TEST_CASE("verify manifest: names as they may come") {
  ChecksumBench bench;
  make_folder(bench.folder / "sub");
  write_file(bench.folder / "sub/file", "x");
  write_file(bench.elsewhere / "other", "x");
  fs::create_symlink("sub/file", bench.folder / "link");
  std::string text;
  for (const std::string& name :
       {std::string("sub/file"), std::string("./sub//file"), std::string("sub/../sub/file"),
        bench.folder / "sub/file", bench.elsewhere / "other", std::string("link")}) {
    text += line_of(name, "x");
  }
  CHECK(bench.verify_text(text) == Code::ok);
  CHECK(bench.verified.matching == 6);
  CHECK(bench.verify_text(line_of("sub/file/below", "x")) == Code::checksum);
  CHECK(bench.verified.missing == 1);
  CHECK(bench.verify_text(line_of("/dev/zero", "x")) == Code::checksum);
  CHECK(bench.verified.differing == 1);
  CHECK(bench.verify_text(line_of(std::string(300, 'n'), "x")) == Code::incomplete);
  CHECK(bench.verified.failed == 1);
}

TEST_CASE("verify manifest: missing files may be ignored, but not all of them") {
  ChecksumBench bench;
  write_file(bench.folder / "here", "x");
  const std::string text = line_of("here", "x") + line_of("gone", "x");
  CHECK(bench.verify_text(text) == Code::checksum);
  CHECK(bench.verify_text(text, {.ignore_missing = true}) == Code::ok);
  CHECK(bench.verified.missing == 1);
  bench.message(SAPDR_ITEM_SKIPPED, "gone");
  fs::remove(bench.folder / "here");
  CHECK(bench.verify_text(text, {.ignore_missing = true}) == Code::not_found);
}

TEST_CASE("verify manifest: malformed lines are named by their numbers") {
  ChecksumBench bench;
  write_file(bench.folder / "file", "x");
  const std::string text = "what is this\n" + line_of("file", "x") + "\\" + line_of("f\\", "x");
  CHECK(bench.verify_text(text) == Code::incomplete);
  CHECK((bench.verified.malformed == 2 && bench.verified.matching == 1));
  REQUIRE(bench.recorder->items.size() == 3);
  CHECK(bench.message(SAPDR_ITEM_FAILED, bench.manifest) == "line 1 does not say \"HASH  NAME\"");
  CHECK(bench.recorder->items[0].code == Code::corrupt);
  CHECK(bench.verify_text(text, {.strict = true}) == Code::checksum);
  CHECK(bench.verify_text("only\nnonsense\n") == Code::invalid_argument);
  CHECK(bench.verify(bench.elsewhere / "nothing") == Code::not_found);
  CHECK(bench.verify(bench.elsewhere.path()) == Code::io);
}

TEST_CASE("verify manifest: extra files are told where they are looked for") {
  ChecksumBench bench;
  make_folder(bench.folder / "models");
  write_file(bench.folder / "models/named", "x");
  write_file(bench.folder / "models/more", "x");
  write_file(bench.folder / "models/x.tmp", "x");
  write_file(bench.folder / "beside", "x");
  const std::string text = line_of("./models//named", "x");
  CHECK(bench.verify_text(text, {.strict = true}) == Code::ok);
  const auto extra = [&](const std::vector<std::string>& paths, bool strict) {
    const ManifestOptions options{
        .paths = paths, .excludes = patterns({"*.tmp"}), .strict = strict};
    return bench.verify_text(text, options);
  };
  CHECK(extra({"models"}, false) == Code::ok);
  CHECK(bench.verified.extra == 1);
  bench.message(SAPDR_ITEM_EXTRA, "models/more");
  CHECK(extra({"."}, true) == Code::checksum);
  CHECK(bench.verified.extra == 2);
  CHECK(extra({"nowhere"}, false) == Code::not_found);
}

TEST_CASE("verify manifest: items come in the order of the lines") {
  ChecksumBench bench;
  std::string text;
  std::vector<std::string> names;
  for (size_t i = 0; i < 100; ++i) {
    names.push_back(std::to_string(i * 37 % 100));
    const std::string content = random_content(i % 10 == 0 ? 2'000'000 : 10, i);
    write_file(bench.folder / names.back(), content);
    text += line_of(names.back(), content);
  }
  CHECK(bench.verify_text(text) == Code::ok);
  REQUIRE(bench.recorder->items.size() == names.size());
  CHECK(std::equal(names.begin(), names.end(), bench.recorder->items.begin(),
                   [](const std::string& name, const auto& item) { return name == item.path; }));
}

}  // namespace sapdr::test
