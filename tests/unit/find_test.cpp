#include "operation/find.hpp"

#include <map>

#include "operation/snapshot_path.hpp"
#include "restore_support.hpp"

namespace sapdr::test {

namespace {

constexpr UnixNs second = 1'000'000'000;

struct Found {
  std::string lines;  // "0:/a 0:/b blob 1:/a ", the number is that of the snapshot
  FindResult result;
  Code code = Code::ok;
};

struct FindBench : Bench {
  // In all snapshots that were added.
  Found search(const FindOptions& options) {
    Found found;
    found.code = code_of([&] {
      core::find(
          *repository, snapshots, options,
          [&](const FindMatch& match) {
            found.lines += std::to_string(number_of(match.snapshot.id)) + ":" + match.path + " ";
            if (match.object != nullptr) found.lines += std::string(match.object_type) + " ";
            CHECK((match.object == nullptr) == (match.object_type == nullptr));
            CHECK((match.tree == nullptr) == (match.path == "/"));
          },
          found.result, recorder.progress());
    });
    return found;
  }
  std::string match(std::initializer_list<const char*> list) {
    const Found found = search({.patterns = patterns(list)});
    CHECK(found.code == Code::ok);
    return found.lines;
  }

  void add(const Id& tree) { snapshots.push_back(save_snapshot(tree)); }
  size_t number_of(const Id& snapshot) const {
    size_t i = 0;
    while (snapshots[i].snapshot.id != snapshot) ++i;
    return i;
  }

  std::vector<SnapshotRef> snapshots;
  Recorder recorder;
};

Node aged(Node node, UnixNs mtime) {
  node.mtime = mtime;
  return node;
}

// "/models/a.bin", "/models/sub/B.BIN", "/models/sub/deep/c", "/other/a.bin", "/z"
struct TreeBench : FindBench {
  TreeBench() {
    x = save_blob("x");
    y = save_blob("y");
    deep = save_tree({aged(file_node("c", {x, y, x}, 3), 30 * second)});
    sub = save_tree({aged(file_node("B.BIN", {y}, 1), 20 * second), dir_node("deep", deep)});
    models =
        save_tree({aged(file_node("a.bin", {x}, 1), 10 * second), aged(dir_node("sub", sub), 0)});
    other = save_tree({aged(file_node("a.bin", {y}, 1), 40 * second)});
    root =
        save_tree({dir_node("models", models), dir_node("other", other), file_node("z", {x}, 1)});
    add(root);
  }
  Id x, y, deep, sub, models, other, root;
};

}  // namespace

TEST_CASE("find: patterns match names, parts of paths, and what is in folders") {
  TreeBench bench;
  CHECK(bench.match({"a.bin"}) == "0:/models/a.bin 0:/other/a.bin ");
  CHECK(bench.match({"*.bin", "z"}) == "0:/models/a.bin 0:/other/a.bin 0:/z ");
  CHECK(bench.match({"models/*.bin"}) == "0:/models/a.bin ");
  CHECK(bench.match({"/a.bin"}).empty());
  CHECK(bench.match({"/models/**/c"}) == "0:/models/sub/deep/c ");
  CHECK(bench.match({"deep"}) == "0:/models/sub/deep 0:/models/sub/deep/c ");
  CHECK(bench.match({"sub/", "!deep"}) == "0:/models/sub 0:/models/sub/B.BIN ");
  CHECK(bench.match({"c/"}).empty());
  CHECK(bench.match({"nothing"}).empty());
  const std::string all = bench.match({"*"});
  CHECK(all ==
        "0:/models 0:/models/a.bin 0:/models/sub 0:/models/sub/B.BIN 0:/models/sub/deep "
        "0:/models/sub/deep/c 0:/other 0:/other/a.bin 0:/z ");
  CHECK(bench.match({"/"}) == all);
  PatternList folded;
  folded.add("*.bin", true);
  CHECK(bench.search({.patterns = folded}).lines ==
        "0:/models/a.bin 0:/models/sub/B.BIN 0:/other/a.bin ");
  bench.snapshots = {bench.find("latest:/models/sub")};
  CHECK(bench.match({"deep", "/B.BIN"}) == "0:/B.BIN 0:/deep 0:/deep/c ");
}

TEST_CASE("find: times of modification, both ends included") {
  TreeBench bench;
  const auto between = [&](std::optional<UnixNs> oldest, std::optional<UnixNs> newest) {
    return bench.search({.patterns = patterns({"/models/*"}), .oldest = oldest, .newest = newest})
        .lines;
  };
  CHECK(between({}, 20 * second) == "0:/models/a.bin 0:/models/sub 0:/models/sub/B.BIN ");
  CHECK(between({}, 20 * second - 1) == "0:/models/a.bin 0:/models/sub ");
  CHECK(between(20 * second, 30 * second) == "0:/models/sub/B.BIN 0:/models/sub/deep/c ");
  CHECK(between(20 * second + 1, 30 * second - 1).empty());
  CHECK(bench.search({.patterns = patterns({"*"}), .oldest = 2, .newest = 1}).code ==
        Code::invalid_argument);
}

TEST_CASE("find: blobs, trees and packs by their ids") {
  TreeBench bench;
  const auto lines = [&](const FindOptions& options) {
    const Found found = bench.search(options);
    CHECK(found.code == Code::ok);
    return found.lines;
  };
  CHECK(lines({.blobs = {bench.x.hex()}}) ==
        "0:/models/a.bin blob 0:/models/sub/deep/c blob 0:/z blob ");
  CHECK(lines({.blobs = {bench.y.hex().substr(0, 12)}}) ==
        "0:/models/sub/B.BIN blob 0:/models/sub/deep/c blob 0:/other/a.bin blob ");
  CHECK(lines({.blobs = {bench.x.hex(), bench.y.hex()}}) ==
        "0:/models/a.bin blob 0:/models/sub/B.BIN blob 0:/models/sub/deep/c blob "
        "0:/models/sub/deep/c blob 0:/other/a.bin blob 0:/z blob ");
  CHECK(lines({.trees = {bench.sub.hex()}}) == "0:/models/sub tree ");
  CHECK(lines({.trees = {bench.root.hex().substr(0, 12)}}) == "0:/ tree ");
  CHECK(lines({.packs = {bench.pack_of(bench.y)}}) ==
        "0:/models/sub/B.BIN blob 0:/models/sub/deep/c blob 0:/other/a.bin blob ");
  CHECK(lines({.packs = {bench.pack_of(bench.deep, BlobType::tree).substr(0, 12)}}) ==
        "0:/models/sub/deep tree ");
  // A tree is no blob of a file, and the other way round.
  CHECK(lines({.blobs = {bench.sub.hex()}}).empty());
  CHECK(lines({.patterns = patterns({"z"}), .blobs = {bench.x.hex()}}) ==
        "0:/models/a.bin blob 0:/models/sub/deep/c blob 0:/z 0:/z blob ");

  CHECK(bench.search({.blobs = {"0123456789abcdef"}}).code == Code::not_found);
  CHECK(bench.search({.trees = {bench.x.hex().substr(0, 12)}}).code == Code::not_found);
  CHECK(bench.search({.packs = {bench.x.hex()}}).code == Code::not_found);
  CHECK(bench.search({.packs = {""}}).code == Code::not_found);
  CHECK(bench.search({}).code == Code::invalid_argument);
}

TEST_CASE("find: a prefix of many blobs is ambiguous, a lost blob is found by its id") {
  FindBench bench;
  std::vector<Id> content;
  for (int i = 0; i < 17; ++i) content.push_back(bench.save_blob(std::to_string(i)));
  Random random;
  const Id lost = random.id();
  bench.add(bench.save_tree({file_node("f", content, 17), file_node("g", {lost}, 1)}));
  CHECK(bench.search({.blobs = {lost.hex()}}).lines == "0:/g blob ");
  std::map<char, int> first_digits;
  for (const Id& id : content) ++first_digits[id.hex()[0]];
  for (const auto& [digit, n] : first_digits) {
    CHECK(bench.search({.blobs = {std::string(1, digit)}}).code ==
          (n > 1 ? Code::ambiguous : Code::ok));
  }
}

TEST_CASE("find: trees that snapshots share are read once, and told for each") {
  TreeBench bench;
  const Id changed = bench.save_tree({file_node("a.bin", {bench.y}, 1)});
  bench.add(bench.save_tree(
      {dir_node("copy", bench.sub), dir_node("models", bench.models), dir_node("other", changed)}));
  for (int i = 0; i < 5; ++i) bench.add(bench.root);

  const Bench::Loads& loads = bench.count_loads();
  Found found = bench.search({.patterns = patterns({"a.bin"})});
  std::string expected;
  for (size_t i = 0; i < bench.snapshots.size(); ++i) {
    const std::string number = std::to_string(i);
    expected += number + ":/models/a.bin " + number + ":/other/a.bin ";
  }
  CHECK(found.lines == expected);
  CHECK(found.result.snapshots == 7);
  CHECK(found.result.matches == 14);
  CHECK(found.result.trees == 7);
  CHECK(loads.size() == 7);
  for (const auto& [pack, n] : loads) CHECK(n == 1);

  // What cannot match is not read at all.
  bench.count_loads();
  found = bench.search({.patterns = patterns({"/models/sub/deep/c"})});
  CHECK(found.result.matches == 7);
  CHECK(found.result.trees == 5);  // two roots, models, sub, deep
  CHECK(loads.size() == 5);
  bench.count_loads();
  CHECK(bench.search({.blobs = {bench.x.hex()}}).result.matches == 3 * 6 + 3);
  CHECK(loads.size() == 7);
  for (const auto& [pack, n] : loads) CHECK(n == 1);
}

TEST_CASE("find: the same tree in two places is judged by each of them") {
  FindBench bench;
  const Id x = bench.save_blob("x");
  const Id leaf = bench.save_tree({file_node("f", {x}, 1), file_node("g", {x}, 1)});
  bench.add(bench.save_tree({dir_node("a", leaf), dir_node("b", leaf), dir_node("c", leaf)}));
  CHECK(bench.match({"b/f"}) == "0:/b/f ");
  CHECK(bench.match({"/a", "/c/g"}) == "0:/a 0:/a/f 0:/a/g 0:/c/g ");
  CHECK(bench.match({"f"}) == "0:/a/f 0:/b/f 0:/c/f ");
}

TEST_CASE("find: more matches than are remembered are told all the same") {
  FindBench bench;
  const Id x = bench.save_blob("x");
  std::vector<Node> nodes;
  for (int i = 0; i < 50'000; ++i) nodes.push_back(file_node("f" + std::to_string(i), {x}, 1));
  const Id many = bench.save_tree(nodes);
  nodes.resize(30'000);
  const Id more = bench.save_tree(nodes);
  const Id root = bench.save_tree({dir_node("many", many), dir_node("more", more)});
  bench.add(root);
  bench.add(root);
  Progress progress;
  FindResult result;
  uint64_t n = 0;
  find(
      *bench.repository, bench.snapshots, {.patterns = patterns({"f*"})},
      [&](const FindMatch&) { ++n; }, result, progress);
  CHECK(n == 160'000);
  CHECK(result.matches == 160'000);
  CHECK(result.trees == 4);  // "more" twice
}

TEST_CASE("find: a damaged tree is named for each snapshot, and the rest is searched") {
  FindBench bench;
  const Id x = bench.save_blob("x");
  const Id no_tree = bench.save_blob("no tree");
  Node without = dir_node("without", no_tree);
  without.subtree.reset();
  const Id root = bench.save_tree({dir_node("bad", no_tree), file_node("f", {x}, 1), without});
  bench.add(root);
  bench.add(root);
  const Bench::Loads& loads = bench.count_loads();
  const Found found = bench.search({.patterns = patterns({"f"})});
  CHECK(found.code == Code::incomplete);
  CHECK(found.lines == "0:/f 1:/f ");
  CHECK(found.result.failed == 4);
  CHECK(bench.recorder.count(SAPDR_ITEM_FAILED) == 4);
  CHECK(bench.recorder.find(SAPDR_ITEM_FAILED, "/bad")->code == Code::not_found);
  CHECK(bench.recorder.find(SAPDR_ITEM_FAILED, "/without")->code == Code::corrupt);
  CHECK(loads.size() == 1);
  // What is not looked into does no harm.
  CHECK(bench.match({"/f"}) == "0:/f 1:/f ");
}

TEST_CASE("find: a deep tree needs no stack, one that is too deep is named") {
  FindBench bench;
  Id tree = bench.save_tree({file_node("f", {}, 0)});
  const auto deepen = [&](int levels) {
    for (int i = 0; i < levels; ++i) tree = bench.save_tree({dir_node("d", tree)});
  };
  deepen(1000);
  bench.add(tree);
  CHECK(bench.match({"f"}).size() == 2 + 2 * 1000 + 3);
  deepen(3100);
  bench.snapshots.clear();
  bench.add(tree);
  const Found found = bench.search({.patterns = patterns({"f"})});
  CHECK(found.code == Code::incomplete);
  CHECK(found.lines.empty());
  REQUIRE(bench.recorder.items.size() == 1);
  CHECK(bench.recorder.items[0].path.size() == 2 * max_folder_depth);
}

TEST_CASE("find: a callback and a cancel stop it") {
  TreeBench bench;
  Cancel cancel;
  Progress progress(nullptr, &cancel);
  int n = 0;
  FindResult result;
  const auto run = [&](const std::function<void()>& act) {
    return code_of([&] {
      find(
          *bench.repository, bench.snapshots, {.patterns = patterns({"*"})},
          [&](const FindMatch&) {
            ++n;
            act();
          },
          result, progress);
    });
  };
  CHECK(run([] { throw Error(Code::callback, "enough"); }) == Code::callback);
  CHECK(n == 1);
  CHECK(run([&] { cancel.trigger(); }) == Code::cancelled);
  CHECK(n == 2);
}

TEST_CASE("find: random patterns find what they match, path by path") {
  TreeBench bench;
  bench.add(bench.save_tree({dir_node("other", bench.models), dir_node("sub", bench.other)}));
  const Found all = bench.search({.patterns = patterns({"*"})});
  Random random;
  static const char* const parts[] = {"models", "sub", "a.bin", "*", "**", "deep", "?", "other"};
  for (int round = 0; round < 300; ++round) {
    std::string pattern = random.below(2) == 0 ? "/" : "";
    for (uint64_t n = random.below(3) + 1; n > 0; --n) {
      pattern += parts[random.below(std::size(parts))];
      if (n > 1) pattern += "/";
    }
    const PatternList list = patterns({pattern.c_str()});
    std::string expected;
    std::string rest = all.lines;
    for (size_t end; (end = rest.find(' ')) != std::string::npos; rest.erase(0, end + 1)) {
      const std::string line = rest.substr(0, end);
      const std::string path = line.substr(2);
      const bool is_dir =
          path.find('.') == std::string::npos && path.back() != 'z' && !path.ends_with("/c");
      if (list.matches(path, is_dir)) expected += line + " ";
    }
    CHECK_MESSAGE(bench.search({.patterns = list}).lines == expected, pattern);
  }
}

}  // namespace sapdr::test
