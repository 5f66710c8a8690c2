#include "operation/dump.hpp"

#include "restore_support.hpp"

namespace sapdr::test {

namespace {

std::string dumped(const Bench& bench, const SnapshotRef& ref, std::string_view path,
                   size_t stop_after = SIZE_MAX) {
  std::string content;
  Progress progress;
  dump(
      *bench.repository, ref, path,
      [&](ByteView bytes) {
        content += as_text(bytes);
        if (content.size() > stop_after) throw Error(Code::callback, "enough");
      },
      progress);
  return content;
}

}  // namespace

TEST_CASE("a dumped file is what was backed up") {
  Bench bench;
  const TempDir source;
  make_folder(source / "in/here");
  const std::string content = random_content(9 << 20);
  write_file(source / "in/here/file", content);
  write_file(source / "empty", "");
  const SnapshotRef ref = bench.back_up({source.path()});
  CHECK(dumped(bench, ref, source / "in/here/file") == content);
  CHECK(dumped(bench, ref, source / "empty").empty());
  CHECK(dumped(bench, bench.find("latest:" + source.path()), "in//here/file") == content);

  CHECK(code_of([&] { dumped(bench, ref, source / "in/nowhere"); }) == Code::not_found);
  CHECK(code_of([&] { dumped(bench, ref, source / "in/here/file/below"); }) ==
        Code::invalid_argument);
  CHECK(code_of([&] { dumped(bench, ref, source / "in"); }) == Code::invalid_argument);
  CHECK(code_of([&] { dumped(bench, ref, "/"); }) == Code::invalid_argument);
  CHECK(code_of([&] { dumped(bench, ref, source / "in/here/file", 1); }) == Code::callback);
}

TEST_CASE("a damaged blob ends a dump where it is") {
  Bench bench;
  const Id first = bench.save_blob("first");
  const Id second = bench.save_blob("second");
  const SnapshotRef ref =
      bench.save_snapshot(bench.save_tree({file_node("f", {first, second, first}, 16)}));
  CHECK(dumped(bench, ref, "/f") == "firstsecondfirst");
  bench.backend->flip_bit({FileType::pack, bench.pack_of(second)}, 20);
  std::string content;
  Progress progress;
  CHECK(code_of([&] {
          dump(
              *bench.repository, ref, "/f", [&](ByteView bytes) { content += as_text(bytes); },
              progress);
        }) == Code::corrupt);
  CHECK(content == "first");
}

}  // namespace sapdr::test
