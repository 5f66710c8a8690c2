#include "source_suite.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/path.hpp"
#include "base/workers.hpp"

namespace sapdr::test {

using namespace sapdr::core;

namespace {

// Reads files on threads of its own, as a backup does, and keeps what it was told.
class Recorder : public TreeSink {
 public:
  explicit Recorder(const TestSource& test) : test_(test) {}

  size_t piece = 64 * 1024;  // bytes read at once
  bool drop_files = false;   // instead of reading them
  std::function<void()> on_file = [] {};

  std::map<std::string, std::string> contents;  // by the path in the snapshot
  std::set<std::string> failed_paths;
  std::set<std::string> folders;
  std::set<std::thread::id> threads;
  int depth = 0;

  void enter(Node dir, std::string path) override {
    check_item(dir, path);
    here_ += "/" + dir.name;
    CHECK_MESSAGE(folders.insert(here_).second, "entered twice: ", here_);
    ++depth;
  }
  void leave() override {
    REQUIRE(depth > 0);
    here_ = here_.substr(0, here_.rfind('/'));
    --depth;
  }
  const Node* previous(std::string_view) override { return nullptr; }
  void file(Node node, std::string path, FileOpener open) override {
    check_item(node, path);
    const std::string name = here_ + "/" + node.name;
    CHECK_MESSAGE(names_.insert(name).second, "pushed twice: ", name);
    on_file();
    test_.before_opening(name);
    if (drop_files) return;
    readers_.submit([this, name, node = std::move(node), open = std::move(open)]() mutable {
      read(name, node, open);
    });
  }
  void unchanged(Node, std::string) override { FAIL("nothing was there before"); }
  void other(Node node, std::string path) override { check_item(node, path); }
  void failed(std::string path, const Error&) override { failed_paths.insert(path); }
  void expect(uint64_t items, uint64_t bytes) override {
    CHECK(items >= items_);
    CHECK(bytes >= bytes_);
    items_ = items;
    bytes_ = bytes;
  }

  void finish() { readers_.finish(); }

 private:
  void check_item(const Node& node, const std::string& path) {
    CHECK(is_safe_name(node.name));
    CHECK(name_of_path(path) == node.name);
    CHECK(path == clean_path(path));
  }

  void read(const std::string& name, Node& node, const FileOpener& open) {
    std::string content;
    bool is_whole = true;
    try {
      const auto reader = open(node);
      Bytes buffer(piece);
      while (true) {
        const FileReader::Piece got = reader->read(buffer);
        if (got.size == 0 && got.hole == 0) break;
        content.append(as_text(ByteView(buffer).first(got.size)));
        content.append(got.hole, '\0');
      }
      reader->finish(node);
    } catch (const Error&) {
      is_whole = false;
    }
    const std::lock_guard lock(mutex_);
    threads.insert(std::this_thread::get_id());
    if (is_whole) {
      contents.emplace(name, content);
    } else {
      failed_paths.insert(name);
    }
  }

  const TestSource& test_;
  std::string here_;
  std::set<std::string> names_;
  uint64_t items_ = 0, bytes_ = 0;
  std::mutex mutex_;
  Workers readers_{3, 2};  // last: its threads use the above
};

const SourceFiles some = {{"a", "first"}, {"b/one", "1"},           {"b/sub/deep/x", "deep"},
                          {"b/two", "2"}, {"b-", "sorted between"}, {"empty", ""},
                          {"z/last", "z"}};

SourceFiles many() {
  SourceFiles files;
  for (size_t i = 0; i < 200; ++i) {
    files["d" + std::to_string(i % 7) + "/f" + std::to_string(i)] =
        std::string(i * 37, static_cast<char>('a' + i % 26));
  }
  files["big"] = std::string(3 << 20, 'b');
  return files;
}

std::map<std::string, std::string> in_snapshot(const TestSource& test, const SourceFiles& files) {
  std::map<std::string, std::string> expected;
  for (const auto& [path, content] : files) expected[test.root + "/" + path] = content;
  return expected;
}

// Runs a source to its end and looks at what came.
void check_all_comes(const SourceFactory& make, const SourceFiles& files, size_t piece) {
  const TestSource test = make(files, "");
  Recorder sink(test);
  sink.piece = piece;
  test.source->run(sink);
  sink.finish();
  CHECK(sink.depth == 0);
  CHECK(sink.contents == in_snapshot(test, files));
  CHECK(sink.failed_paths.empty());
}

}  // namespace

void test_source(const SourceFactory& make) {
  SUBCASE("paths are absolute and clean, and known before anything is read") {
    const TestSource test = make(some, "");
    REQUIRE_FALSE(test.source->paths().empty());
    for (const std::string& path : test.source->paths()) {
      CHECK(path.starts_with('/'));
      CHECK(path == clean_path(path));
    }
  }
  SUBCASE("each item is pushed once, in its folder; a folder is entered once, and left") {
    check_all_comes(make, some, 64 * 1024);
    check_all_comes(make, {{"alone", "x"}}, 64 * 1024);
  }
  SUBCASE("all of a file is read, whatever its size and that of the buffer") {
    check_all_comes(make, many(), 64 * 1024);
    check_all_comes(make, some, 1);
  }
  SUBCASE("files are opened and read on other threads, while the source goes on") {
    const TestSource test = make(many(), "");
    Recorder sink(test);
    test.source->run(sink);
    sink.finish();
    CHECK_FALSE(sink.threads.empty());
    CHECK_FALSE(sink.threads.contains(std::this_thread::get_id()));
  }
  SUBCASE("a file may never be opened") {
    const TestSource test = make(many(), "");
    Recorder sink(test);
    sink.drop_files = true;
    test.source->run(sink);
    sink.finish();
    CHECK(sink.depth == 0);
    CHECK(sink.contents.empty());
  }
  SUBCASE("a file that fails throws where it is opened or read; the others can still be read") {
    const TestSource test = make(some, "b/sub/deep/x");
    Recorder sink(test);
    test.source->run(sink);
    sink.finish();
    auto expected = in_snapshot(test, some);
    expected.erase(test.root + "/b/sub/deep/x");
    CHECK(sink.contents == expected);
    CHECK(sink.failed_paths == std::set<std::string>{test.root + "/b/sub/deep/x"});
  }
  SUBCASE("what the sink throws comes out of run unchanged") {
    const TestSource test = make(many(), "");
    Recorder sink(test);
    int pushed = 0;
    sink.on_file = [&] {
      if (++pushed == 5) throw Error(Code::cancelled, "enough");
    };
    try {
      test.source->run(sink);
      FAIL("it went on");
    } catch (const Error& error) {
      CHECK(error.code() == Code::cancelled);
      CHECK(error.message() == "enough");
    }
    CHECK(pushed == 5);
    sink.finish();
  }
  SUBCASE("totals never shrink") {
    check_all_comes(make, many(), 1 << 20);  // the recorder looks at every total
  }
}

}  // namespace sapdr::test
