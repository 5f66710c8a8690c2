// Snapshots that lie: nothing of them may reach outside the target, and damage is never hidden.
#include "checksum/sha256.hpp"
#include "restore_support.hpp"

namespace fs = std::filesystem;

namespace sapdr::test {

namespace {

struct Outcome {
  Code code;
  RestoreStats stats;
  Recorder recorder;
};

void restore_bad(Bench& bench, const Id& tree, const std::string& target, Outcome& outcome,
                 const RestoreOptions& options = {}) {
  const SnapshotRef ref = bench.save_snapshot(tree);
  outcome.code = code_of([&] {
    restore_into(bench.repository, ref, target, options, outcome.stats, outcome.recorder);
  });
}

}  // namespace

TEST_CASE("names that lead out of the target are left out, the rest is restored") {
  Bench bench;
  const TempDir place;
  make_folder(place / "target");
  const Id blob = bench.save_blob("content");
  const Id inner = bench.save_tree({file_node("escaped", {blob}, 7)});
  std::vector<Node> nodes;
  for (const std::string& name :
       {S(".."), S("."), S(""), S("/etc"), S("a/b"), S("../escaped"), S("nul\0here")}) {
    nodes.push_back(file_node(name, {blob}, 7));
    nodes.push_back(dir_node(name, inner));
  }
  nodes.push_back(file_node("good", {blob}, 7));
  Outcome outcome;
  restore_bad(bench, bench.save_tree(nodes), place / "target", outcome);
  CHECK(outcome.code == Code::incomplete);
  CHECK(outcome.stats.items_failed == 14);
  CHECK(outcome.stats.files == 1);
  CHECK(read_file(place / "target/good") == "content");
  CHECK(listing(place.path()).size() == 2);
}

TEST_CASE("a link and then a folder of the same name: the link is not followed") {
  Bench bench;
  const TempDir place;
  make_folder(place / "target");
  make_folder(place / "outside");
  const Id blob = bench.save_blob("content");
  const Id inner = bench.save_tree({file_node("escaped", {blob}, 7)});
  const Id tree = bench.save_tree({link_node("door", "../outside"), dir_node("door", inner)});
  Outcome outcome;
  restore_bad(bench, tree, place / "target", outcome);
  CHECK(outcome.code == Code::incomplete);
  CHECK(outcome.recorder.find(SAPDR_ITEM_FAILED, "/door") != nullptr);
  CHECK(fs::is_symlink(place / "target/door"));
  CHECK(fs::is_empty(place / "outside"));
}

TEST_CASE("links that are in the target already are replaced, never followed") {
  Bench bench;
  const TempDir place;
  make_folder(place / "target");
  make_folder(place / "outside");
  write_file(place / "outside/file", "precious");
  fs::create_symlink("../outside", place / "target/folder");
  fs::create_symlink("../outside/file", place / "target/file");
  const Id blob = bench.save_blob("content");
  const Id inner = bench.save_tree({file_node("file", {blob}, 7)});
  Outcome outcome;
  restore_bad(bench, bench.save_tree({file_node("file", {blob}, 7), dir_node("folder", inner)}),
              place / "target", outcome);
  CHECK(outcome.code == Code::ok);
  CHECK(read_file(place / "outside/file") == "precious");
  CHECK(read_file(place / "target/folder/file") == "content");
  CHECK(read_file(place / "target/file") == "content");
  CHECK_FALSE(fs::is_symlink(place / "target/folder"));
}

TEST_CASE("a folder that is nested without end") {
  Bench bench;
  const TempDir target;
  Id tree = bench.save_tree({});
  {
    Progress progress;
    const RepositoryLock lock(*bench.repository, LockMode::shared, progress,
                              {.wait_before_recheck = std::chrono::nanoseconds(0)});
    BlobWriter writer(*bench.repository, lock, false);
    for (int depth = 0; depth < 4200; ++depth) {
      const std::string json = tree_json({dir_node("d", tree)});
      tree = sha256(as_bytes(json));
      writer.save(BlobType::tree, tree, as_bytes(json));
    }
    writer.finish();
  }
  const SnapshotRef ref = bench.save_snapshot(tree);
  Recorder recorder;
  const auto plan =
      RestorePlan::make(bench.repository, ref, target.path(), {}, recorder.progress());
  CHECK(plan->stats().items_failed == 1);
  CHECK(recorder.items.back().message.find("4096") != std::string::npos);
}

TEST_CASE("hard links that do not agree about their content are separate files") {
  Bench bench;
  const TempDir target;
  Node one = file_node("one", {bench.save_blob("first")}, 5);
  Node two = file_node("two", {bench.save_blob("second")}, 6);
  one.inode = two.inode = 7;
  one.device_id = two.device_id = 1;
  one.links = two.links = 2;
  Outcome outcome;
  restore_bad(bench, bench.save_tree({one, two}), target.path(), outcome);
  CHECK(outcome.code == Code::ok);
  CHECK(read_file(target / "one") == "first");
  CHECK(read_file(target / "two") == "second");
}

TEST_CASE("a file whose size is not that of its blobs is a failed item") {
  Bench bench;
  const Id blob = bench.save_blob("content");
  for (const uint64_t size : {uint64_t{1} << 60, uint64_t{13}, uint64_t{0}}) {
    const TempDir target;
    Outcome outcome;
    restore_bad(bench, bench.save_tree({file_node("f", {blob, blob}, size)}), target.path(),
                outcome, {.verify = true});
    CHECK(outcome.code == Code::incomplete);
    CHECK_FALSE(fs::exists(target / "f"));
  }
}

TEST_CASE("a missing blob, a missing tree and a folder without one are failed items") {
  Bench bench;
  const TempDir target;
  Id nowhere;
  nowhere.bytes[0] = std::byte{1};
  Node no_tree = dir_node("c", nowhere);
  no_tree.subtree.reset();
  const Id blob = bench.save_blob("content");
  Outcome outcome;
  restore_bad(bench,
              bench.save_tree({file_node("a", {blob, nowhere}, 9), dir_node("b", nowhere), no_tree,
                               file_node("good", {blob}, 7)}),
              target.path(), outcome);
  CHECK(outcome.code == Code::incomplete);
  CHECK(outcome.stats.items_failed == 3);
  for (const char* path : {"/a", "/b", "/c"}) {
    CHECK(outcome.recorder.find(SAPDR_ITEM_FAILED, path) != nullptr);
  }
  CHECK_FALSE(fs::exists(target / "a"));
  CHECK(read_file(target / "good") == "content");
}

TEST_CASE("damaged and missing packs cost the files that need them, and those are named") {
  Bench bench;
  const TempDir target;
  const Id good = bench.save_blob("good content");
  const Id first = bench.save_blob(random_content(20'000, 1));
  const Id second = bench.save_blob(random_content(20'000, 2));
  const std::string pack = bench.pack_of(second);
  const Id tree = bench.save_tree(
      {file_node("fine", {good}, 12), file_node("lost", {first}, 20'000),
       file_node("partly", {good, first, second}, 40'012), file_node("too", {second}, 20'000)});
  SUBCASE("a flipped bit") {
    bench.backend->flip_bit({FileType::pack, pack}, 100);
  }
  SUBCASE("a pack that is gone") {
    bench.backend->erase({FileType::pack, pack});
  }
  SUBCASE("a pack that is too short") {
    const Bytes data = bench.backend->content({FileType::pack, pack});
    bench.backend->replace({FileType::pack, pack}, ByteView(data).first(50));
  }
  write_file(target / "too", "what was here before");
  Outcome outcome;
  restore_bad(bench, tree, target.path(), outcome);
  CHECK(outcome.code == Code::incomplete);
  CHECK(outcome.stats.items_failed == 2);
  CHECK(outcome.stats.files == 2);
  for (const char* path : {"/partly", "/too"}) {
    const auto* item = outcome.recorder.find(SAPDR_ITEM_FAILED, path);
    REQUIRE(item != nullptr);
    CHECK(item->code == Code::corrupt);
    CHECK(item->message.find(pack) != std::string::npos);
  }
  CHECK_FALSE(fs::exists(target / "partly"));
  CHECK(read_file(target / "too") == "what was here before");
  CHECK(read_file(target / "fine") == "good content");
  CHECK(read_file(target / "lost") == random_content(20'000, 1));
}

TEST_CASE("a second copy of a blob is used if the first is damaged") {
  Bench bench;
  const TempDir target;
  const std::string content = random_content(20'000);
  const Id blob = bench.save_blob(content);
  const std::string pack = bench.pack_of(blob);
  // The same blob once more, in another pack: by a writer that did not know of the first.
  const std::vector<std::string> indexes = bench.backend->names(FileType::index);
  std::vector<Bytes> hidden;
  for (const std::string& name : indexes) {
    hidden.push_back(bench.backend->content({FileType::index, name}));
    bench.backend->erase({FileType::index, name});
  }
  bench.reopen();
  REQUIRE(bench.save_blob(content) == blob);
  for (size_t i = 0; i < indexes.size(); ++i) {
    bench.backend->save({FileType::index, indexes[i]}, hidden[i]);
  }
  bench.reopen();
  const auto places = bench.repository->index().find_all(blob, BlobType::data);
  REQUIRE(places.size() == 2);
  const Id tree = bench.save_tree({file_node("f", {blob}, 20'000)});
  const FileName first{FileType::pack, bench.repository->index().pack_id(places[0].pack).hex()};
  const FileName other{FileType::pack, bench.repository->index().pack_id(places[1].pack).hex()};
  SUBCASE("the first is damaged") {
    bench.backend->flip_bit(first, 50);
  }
  SUBCASE("the first is gone") {
    bench.backend->erase(first);
  }
  SUBCASE("the other is damaged") {
    bench.backend->flip_bit(other, 50);
  }
  Outcome outcome;
  restore_bad(bench, tree, target.path(), outcome);
  CHECK(outcome.code == Code::ok);
  CHECK(read_file(target / "f") == content);
}

}  // namespace sapdr::test
