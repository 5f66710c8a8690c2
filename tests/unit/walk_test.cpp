#include "operation/walk.hpp"

#include "restore_support.hpp"

namespace sapdr::test {

namespace {

struct WalkBench : Bench {
  WalkBench() {
    const Id file = save_blob("x");
    const Id c = save_tree({file_node("deep", {file}, 1)});
    const Id b = save_tree({dir_node("c", c), file_node("file", {file}, 1)});
    const Id a = save_tree({dir_node("b", b), file_node("z", {file}, 1)});
    ref = save_snapshot(save_tree({dir_node("a", a), file_node("ab", {file}, 1)}));
  }
  std::string walk(const WalkOptions& options = {}) const {
    Walk walk(repository, ref, options);
    std::string paths;
    while (const Walk::Entry* entry = walk.next()) paths += entry->path + " ";
    return paths;
  }
  SnapshotRef ref;
};

}  // namespace

TEST_CASE("a walk goes down before it goes on") {
  WalkBench bench;
  CHECK(bench.walk() == "/a /a/b /a/b/c /a/b/c/deep /a/b/file /a/z /ab ");
  CHECK(bench.walk({.recursive = false, .paths = {}}) == "/a /ab ");
  bench.ref = bench.find("latest:/a/b");
  CHECK(bench.walk() == "/c /c/deep /file ");
}

TEST_CASE("only some paths") {
  const WalkBench bench;
  CHECK(bench.walk({.paths = {"a/b/c/", "/ab"}}) == "/a/b/c /a/b/c/deep /ab ");
  CHECK(bench.walk({.recursive = false, .paths = {"/a"}}) == "/a /a/b /a/z ");
  CHECK(bench.walk({.recursive = false, .paths = {"/a", "/a/b/c"}}) ==
        "/a /a/b /a/b/c /a/b/c/deep /a/z ");
  CHECK(bench.walk({.paths = {"/a/b/file"}}) == "/a/b/file ");
  CHECK(bench.walk({.paths = {"/"}}) == bench.walk());
  CHECK(code_of([&] { bench.walk({.paths = {"/a/missing"}}); }) == Code::not_found);
  CHECK(code_of([&] { bench.walk({.paths = {"/nowhere/at/all"}}); }) == Code::not_found);
}

TEST_CASE("a walk goes on behind a damaged tree") {
  WalkBench bench;
  const Id blob = bench.save_blob("no tree");
  bench.ref =
      bench.save_snapshot(bench.save_tree({dir_node("lost", blob), file_node("next", {blob}, 7)}));
  Walk walk(bench.repository, bench.ref, {});
  CHECK(walk.next()->path == "/lost");
  CHECK_THROWS_AS(walk.next(), Error);
  CHECK(walk.next()->path == "/next");
  CHECK(walk.next() == nullptr);
  CHECK(walk.next() == nullptr);
}

}  // namespace sapdr::test
