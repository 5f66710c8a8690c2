#include "operation/diff.hpp"

#include <map>
#include <set>

#include "operation/snapshot_path.hpp"
#include "restore_support.hpp"

namespace sapdr::test {

namespace {

struct Told {
  std::string lines;  // "+/a M/b "
  DiffResult result;
  Code code = Code::ok;
};

struct DiffBench : Bench {
  Told compare(const Id& before, const Id& after, const DiffOptions& options = {}) {
    return compare(before, after, options, recorder.progress());
  }
  Told compare(const Id& before, const Id& after, const DiffOptions& options, Progress& progress) {
    const SnapshotRef first = save_snapshot(before);
    const SnapshotRef second = save_snapshot(after);
    Told told;
    told.code = code_of([&] {
      diff(
          *repository, first, second, options,
          [&](const Difference& d) {
            told.lines += sapdr_diff_modifier(d.change) + d.path + " ";
            CHECK((d.before == nullptr) == (d.change == SAPDR_DIFF_ADDED));
            CHECK((d.after == nullptr) == (d.change == SAPDR_DIFF_REMOVED));
          },
          told.result, progress);
    });
    CHECK(told.result.before == first.snapshot.id);
    CHECK(told.result.after == second.snapshot.id);
    return told;
  }

  Recorder recorder;
};

Node fifo_node(const std::string& name) {
  Node node = file_node(name, {}, 0);
  node.type = NodeType::fifo;
  return node;
}

}  // namespace

TEST_CASE("diff: every kind of difference has its letter, folders come before what is in them") {
  DiffBench bench;
  const Id x = bench.save_blob("x"), y = bench.save_blob("yy"), z = bench.save_blob("zzz");
  const Id gone = bench.save_tree({file_node("inner", {z}, 3), link_node("l", "x")});
  const Id born = bench.save_tree({fifo_node("f"), file_node("inner", {y}, 2)});
  const Id before = bench.save_tree(
      {dir_node("D", gone), dir_node("d", bench.save_tree({file_node("m", {x}, 1)})),
       file_node("same", {x}, 1), file_node("t", {x}, 1), link_node("u", "one")});
  const Id after = bench.save_tree(
      {dir_node("N", born), dir_node("d", bench.save_tree({file_node("m", {x, y}, 3)})),
       file_node("same", {x}, 1), link_node("t", "x"), link_node("u", "two")});

  Told told = bench.compare(before, after);
  CHECK(told.code == Code::ok);
  CHECK(told.lines == "-/D -/D/inner -/D/l +/N +/N/f +/N/inner M/d/m T/t ");
  CHECK(told.result.added.files == 1);
  CHECK(told.result.added.dirs == 1);
  CHECK(told.result.added.others == 1);
  CHECK(told.result.removed.files == 1);
  CHECK(told.result.removed.dirs == 1);
  CHECK(told.result.removed.others == 1);
  CHECK(told.result.files_changed == 1);
  CHECK(told.result.added.data_blobs == 1);    // y
  CHECK(told.result.removed.data_blobs == 1);  // z
  CHECK(told.result.added.tree_blobs == 3);    // the root, N, d
  CHECK(told.result.removed.tree_blobs == 3);
  CHECK(told.result.failed == 0);

  told = bench.compare(before, after, {.metadata = true});
  CHECK(told.lines == "-/D -/D/inner -/D/l +/N +/N/f +/N/inner U/d M/d/m TU/t U/u ");

  told = bench.compare(after, before);
  CHECK(told.lines == "+/D +/D/inner +/D/l -/N -/N/f -/N/inner M/d/m T/t ");
  CHECK(told.result.added.data_blobs == 1);
}

TEST_CASE("diff: metadata is all that is stored but the order of attributes") {
  DiffBench bench;
  const Node plain = file_node("f", {}, 0);
  Node one = plain;
  one.xattrs = {{"user.a", "1"}, {"user.b", "2"}};
  Node other = plain;
  other.xattrs = {{"user.b", "2"}, {"user.a", "1"}};
  const auto compare = [&](const Node& a, const Node& b) {
    return bench.compare(bench.save_tree({a}), bench.save_tree({b}), {.metadata = true}).lines;
  };
  CHECK(compare(one, other).empty());
  other.xattrs[0].value = "3";
  CHECK(compare(one, other) == "U/f ");
  CHECK(compare(one, plain) == "U/f ");
  Node owned = plain;
  owned.uid = 12345;
  CHECK(compare(plain, owned) == "U/f ");
  Node older = plain;
  older.mtime -= 1;
  CHECK(compare(plain, older) == "U/f ");
}

TEST_CASE("diff: what is equal is not read, or once to count the blobs") {
  DiffBench bench;
  const Id x = bench.save_blob("x"), y = bench.save_blob("y");
  const Id deep = bench.save_tree({file_node("f", {x}, 1)});
  const Id same = bench.save_tree({dir_node("one", deep), dir_node("two", deep)});
  const Id before = bench.save_tree({dir_node("same", same), dir_node("same too", same)});
  const Id after = bench.save_tree({file_node("copy", {x}, 1), file_node("new", {y}, 1),
                                    dir_node("same", same), dir_node("same too", same)});

  const Bench::Loads& loads = bench.count_loads();
  Told told = bench.compare(before, after, {.count_blobs = false});
  CHECK(told.lines == "+/copy +/new ");
  CHECK(told.result.added.data_blobs == 0);
  CHECK(loads == Bench::Loads{{bench.pack_of(before, BlobType::tree), 1},
                              {bench.pack_of(after, BlobType::tree), 1}});

  bench.count_loads();
  told = bench.compare(before, after);
  CHECK(told.lines == "+/copy +/new ");
  CHECK(told.result.added.data_blobs == 1);  // x is in a folder that both have
  CHECK(loads == Bench::Loads{{bench.pack_of(before, BlobType::tree), 1},
                              {bench.pack_of(after, BlobType::tree), 1},
                              {bench.pack_of(same, BlobType::tree), 1},
                              {bench.pack_of(deep, BlobType::tree), 1}});

  bench.count_loads();
  told = bench.compare(after, after);
  CHECK(told.lines.empty());
  CHECK(loads.empty());
}

TEST_CASE("diff: a damaged tree is named, and the rest is compared") {
  DiffBench bench;
  const Id x = bench.save_blob("x");
  const Id no_tree = bench.save_blob("no tree");
  const Id good = bench.save_tree({file_node("f", {x}, 1)});
  Node without = dir_node("without", good);
  without.subtree.reset();
  const Id before = bench.save_tree({dir_node("bad", good), dir_node("gone", no_tree), without});
  const Id after =
      bench.save_tree({dir_node("bad", no_tree), dir_node("last", good), file_node("z", {x}, 1)});
  const Told told = bench.compare(before, after);
  CHECK(told.code == Code::incomplete);
  CHECK(told.lines == "-/gone +/last +/last/f -/without +/z ");
  CHECK(told.result.failed == 3);
  for (const char* path : {"/bad", "/gone", "/without"}) {
    CHECK(bench.recorder.find(SAPDR_ITEM_FAILED, path) != nullptr);
  }
  CHECK(bench.recorder.items.size() == 3);
}

TEST_CASE("diff: an equal tree that cannot be read leaves the count of blobs incomplete") {
  DiffBench bench;
  const Id x = bench.save_blob("x");
  const Id same = bench.save_tree({file_node("f", {x}, 1)});
  const Id before = bench.save_tree({dir_node("same", same)});
  const Id after = bench.save_tree({file_node("new", {x}, 1), dir_node("same", same)});
  bench.backend->flip_bit({FileType::pack, bench.pack_of(same, BlobType::tree)}, 20);
  std::vector<std::string> objects;
  sapdr_observer observer{};
  observer.struct_size = sizeof observer;
  observer.user = &objects;
  observer.on_item = [](void* user, const sapdr_item* item) {
    static_cast<std::vector<std::string>*>(user)->push_back(std::string(item->object_type) + " " +
                                                            item->object_id);
    return 0;
  };
  Progress progress(&observer);
  const Told told = bench.compare(before, after, {}, progress);
  CHECK(told.code == Code::incomplete);
  CHECK(told.lines == "+/new ");
  CHECK(told.result.failed == 1);
  CHECK(objects == std::vector<std::string>{"tree " + same.hex()});
  CHECK(bench.compare(before, after, {.count_blobs = false}).code == Code::ok);
}

TEST_CASE("diff: a blob that no index knows has no size") {
  DiffBench bench;
  Random random;
  const Id before = bench.save_tree({});
  const Id after = bench.save_tree({file_node("f", {random.id()}, 1)});
  // The recorder takes items with a path only.
  Progress progress;
  const Told told = bench.compare(before, after, {}, progress);
  CHECK(told.code == Code::incomplete);
  CHECK(told.result.added.data_blobs == 1);
  CHECK(told.result.failed == 1);
}

TEST_CASE("diff: names in no order, and names used twice") {
  DiffBench bench;
  const Id x = bench.save_blob("x"), y = bench.save_blob("y");
  const Id before = bench.save_tree({file_node("c", {x}, 1), file_node("a", {x}, 1)});
  const Id after = bench.save_tree({file_node("b", {x}, 1), file_node("a", {x}, 1),
                                    file_node("c", {x}, 1), file_node("a", {y}, 1)});
  CHECK(bench.compare(before, after).lines == "+/a +/b ");
  CHECK(bench.compare(after, before).lines == "-/a -/b ");
}

TEST_CASE("diff: a deep tree needs no stack, one that is too deep is named") {
  DiffBench bench;
  Id before = bench.save_tree({file_node("f", {}, 0)});
  Id after = bench.save_tree({});
  const auto deepen = [&](int levels) {
    for (int i = 0; i < levels; ++i) {
      before = bench.save_tree({dir_node("d", before)});
      after = bench.save_tree({dir_node("d", after)});
    }
  };
  deepen(1000);
  std::string path;
  for (int i = 0; i < 1000; ++i) path += "/d";
  CHECK(bench.compare(before, after).lines == "-" + path + "/f ");
  deepen(3100);
  const Told told = bench.compare(before, after);
  CHECK(told.code == Code::incomplete);
  CHECK(told.lines.empty());
  REQUIRE(bench.recorder.items.size() == 1);
  CHECK(bench.recorder.items[0].path.size() == 2 * max_folder_depth);
}

TEST_CASE("diff: a callback and a cancel stop it") {
  DiffBench bench;
  const Id before = bench.save_tree({});
  const Id after = bench.save_tree({file_node("a", {}, 0), file_node("b", {}, 0)});
  const SnapshotRef first = bench.save_snapshot(before), second = bench.save_snapshot(after);
  Cancel cancel;
  Progress progress(nullptr, &cancel);
  int n = 0;
  DiffResult result;
  const auto run = [&](const std::function<void()>& act) {
    return code_of([&] {
      diff(
          *bench.repository, first, second, {},
          [&](const Difference&) {
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

namespace {

// Random trees, and what they hold by path: 'd', or the content of a file.
using Content = std::map<std::string, std::string>;

Id random_tree(DiffBench& bench, Random& random, const std::string& path, int depth,
               Content& content) {
  std::vector<Node> nodes;
  for (const char* name : {"a", "b", "c", "d"}) {
    const std::string own = path + "/" + name;
    const uint64_t kind = random.below(4);
    if (kind == 0) continue;
    if (kind == 1 && depth > 0) {
      content[own] = "d";
      nodes.push_back(dir_node(name, random_tree(bench, random, own, depth - 1, content)));
    } else {
      const std::string text = random.below(2) == 0 ? "one" : "two";
      content[own] = text;
      nodes.push_back(file_node(name, {bench.save_blob(text)}, 3));
    }
  }
  return bench.save_tree(nodes);
}

bool is_below_change_of_type(const std::string& path, const Content& a, const Content& b) {
  for (size_t slash = path.rfind('/'); slash != 0; slash = path.rfind('/', slash - 1)) {
    const std::string folder = path.substr(0, slash);
    if (a.contains(folder) && b.contains(folder) && a.at(folder) != b.at(folder)) return true;
  }
  return false;
}

std::set<std::string> expected_lines(const Content& before, const Content& after) {
  std::set<std::string> lines;
  for (const auto& [path, was] : before) {
    if (is_below_change_of_type(path, before, after)) continue;
    const auto now = after.find(path);
    if (now == after.end()) {
      lines.insert("-" + path);
    } else if (was != now->second) {
      lines.insert((was == "d" || now->second == "d" ? "T" : "M") + path);
    }
  }
  for (const auto& [path, now] : after) {
    if (!before.contains(path) && !is_below_change_of_type(path, before, after))
      lines.insert("+" + path);
  }
  return lines;
}

}  // namespace

TEST_CASE("diff: random trees differ in what they differ in") {
  DiffBench bench;
  Random random;
  for (int round = 0; round < 40; ++round) {
    Content was, is;
    const Id before = random_tree(bench, random, "", 3, was);
    const Id after = random_tree(bench, random, "", 3, is);
    const Told told = bench.compare(before, after);
    std::set<std::string> lines;
    for (size_t at = 0; at < told.lines.size(); at = told.lines.find(' ', at) + 1) {
      lines.insert(told.lines.substr(at, told.lines.find(' ', at) - at));
    }
    CHECK(told.code == Code::ok);
    CHECK(lines == expected_lines(was, is));
  }
}

}  // namespace sapdr::test
