#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "../support/files.hpp"
#include "base/error.hpp"
#include "base/workers.hpp"
#include "capi/streams.hpp"
#include "component/files/file_source.hpp"
#include "component/streams/stream_source.hpp"
#include "source_suite.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

// A source in C: streams one after the other, each with its own state.
struct Table {
  struct Stream {
    Table* table;
    std::string path;
    std::string content;
    bool is_broken;
    size_t at = 0;
  };

  std::vector<std::pair<std::string, std::string>> files;
  std::string broken;
  size_t given = 0;
  std::atomic<int> open = 0;
  int most_open = 0;
  std::string last_path;
  const char* root = "/dump";
  sapdr_source_table table;

  static sapdr_status read(void* user, void* buffer, size_t capacity, size_t* size,
                           sapdr_error** err) {
    auto* stream = static_cast<Stream*>(user);
    if (stream->is_broken) {
      *err = sapdr_error_new(SAPDR_E_NETWORK, "the cursor is gone");
      return SAPDR_E_NETWORK;
    }
    *size = std::min(capacity, stream->content.size() - stream->at);
    std::memcpy(buffer, stream->content.data() + stream->at, *size);
    stream->at += *size;
    return SAPDR_OK;
  }
  static void close(void* user) {
    const std::unique_ptr<Stream> stream(static_cast<Stream*>(user));
    --stream->table->open;
  }
  static sapdr_status next(void* user, sapdr_stream* stream, sapdr_error**) {
    auto* self = static_cast<Table*>(user);
    CHECK(stream->struct_size == sizeof *stream);
    CHECK(stream->path == nullptr);
    if (self->given == self->files.size()) return SAPDR_OK;
    const auto& [path, content] = self->files[self->given++];
    self->last_path = std::string(self->root) + "/" + path;
    stream->path = self->last_path.c_str();
    stream->size_hint = content.size();
    stream->user = new Stream{self, path, content, path == self->broken};
    stream->read = read;
    stream->close = close;
    self->most_open = std::max(self->most_open, ++self->open);
    return SAPDR_OK;
  }

  Table(const SourceFiles& from, std::string broken_one, uint32_t max_open)
      : files(from.begin(), from.end()), broken(std::move(broken_one)) {
    // Streams of one folder one after the other: "b-" sorts between "b/one" and "b/two" as text.
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
      return std::lexicographical_compare(
          a.first.begin(), a.first.end(), b.first.begin(), b.first.end(),
          [](char x, char y) { return (x == '/' ? '\0' : x) < (y == '/' ? '\0' : y); });
    });
    SAPDR_INIT(&table);
    table.user = this;
    table.next = next;
    table.max_open = max_open;
    table.paths = &root;
    table.n_paths = 1;
  }
};

std::function<size_t(ByteSpan)> reader_of(std::string content, bool is_broken) {
  return [content = std::move(content), is_broken, at = size_t{0}](ByteSpan out) mutable {
    if (is_broken) throw Error(Code::network, "the server went away");
    const size_t size = std::min(out.size(), content.size() - at);
    std::memcpy(out.data(), content.data() + at, size);
    at += size;
    return size;
  };
}

TestSource from_streams(const SourceFiles& files, const std::string& broken) {
  std::vector<NamedStream> streams;
  for (const auto& [path, content] : files) {
    NamedStream stream;
    stream.path = "/" + path;
    stream.size_hint = content.size();
    stream.read = reader_of(content, path == broken);
    streams.push_back(std::move(stream));
  }
  return {make_stream_source(std::move(streams)), ""};
}

TestSource from_files(const SourceFiles& files, const std::string& broken) {
  const auto folder = std::make_shared<TempDir>(memory_folder());
  for (const auto& [path, content] : files) {
    const std::string file = *folder / path;
    make_folder(file.substr(0, file.rfind('/')));
    write_file(file, content);
  }
  FileSourceOptions options;
  options.paths = {folder->path()};
  TestSource test{make_file_source(std::move(options)), folder->path()};
  // It is gone when its turn comes; the walk has seen it.
  test.before_opening = [gone = *folder / broken](const std::string& path) {
    if (path == gone) std::filesystem::remove(gone);
  };
  test.keep = folder;
  return test;
}

template <uint32_t MaxOpen>
TestSource from_table(const SourceFiles& files, const std::string& broken) {
  const auto table = std::make_shared<Table>(files, broken, MaxOpen);
  return {sapdr::capi::make_source(table->table, 4, 0), "/dump", [](const std::string&) {}, table};
}

// Reads every file at once, on this thread.
struct Sink : TreeSink {
  std::vector<std::string> paths;
  void enter(Node, std::string) override {}
  void leave() override {}
  const Node* previous(std::string_view) override { return nullptr; }
  void file(Node node, std::string path, FileOpener open) override {
    paths.push_back(std::move(path));
    Bytes buffer(1 << 16);
    const auto reader = open(node);
    while (reader->read(buffer).size > 0) continue;
  }
  void unchanged(Node, std::string) override {}
  void other(Node, std::string) override {}
  void failed(std::string, const Error&) override {}
  void expect(uint64_t, uint64_t) override {}
};

// Lets files wait a little before they are read, so that as many are open as may be.
struct LaterSink : Sink {
  Workers readers{1, 1000};
  void file(Node node, std::string, FileOpener open) override {
    readers.submit([node, open = std::move(open)]() mutable {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      open(node);
    });
  }
};

// What the source says of these paths; Code::ok if it takes them.
Code code_of_paths(const std::vector<std::string>& paths, std::vector<std::string> roots = {"/"}) {
  LazyStreams streams;
  streams.paths = std::move(roots);
  streams.next = [&paths, at = size_t{0}]() mutable -> std::optional<NamedStream> {
    if (at == paths.size()) return std::nullopt;
    NamedStream stream;
    stream.path = paths[at++];
    stream.read = [](ByteSpan) { return size_t{0}; };
    return stream;
  };
  try {
    Sink sink;
    make_stream_source(std::move(streams))->run(sink);
    return Code::ok;
  } catch (const Error& error) {
    CHECK(error.detail("path") != nullptr);
    return error.code();
  }
}

}  // namespace

TEST_CASE("source: the filesystem") {
  test_source(from_files);
}

TEST_CASE("source: a list of streams") {
  test_source(from_streams);
}

TEST_CASE("source: a table, one stream at a time") {
  test_source(from_table<1>);
}

TEST_CASE("source: a table, several streams at a time") {
  test_source(from_table<3>);
}

TEST_CASE("source: a table, as many streams at a time as there are threads") {
  test_source(from_table<0>);
}

TEST_CASE("source: never more streams are open than max_open, and each is closed once") {
  for (const uint32_t max_open : {1U, 2U, 7U}) {
    SourceFiles files;
    for (int i = 0; i < 500; ++i) files["f" + std::to_string(i)] = "x";
    Table table(files, "", max_open);
    {
      const auto source = sapdr::capi::make_source(table.table, 4, 0);
      LaterSink sink;
      source->run(sink);
      sink.readers.finish();
    }
    CHECK(table.given == 500);
    CHECK(table.open == 0);
    CHECK(table.most_open == static_cast<int>(max_open));
  }
}

TEST_CASE("source: streams of one folder have to come together, each once") {
  CHECK(code_of_paths({}) == Code::ok);
  CHECK(code_of_paths({"/a/x", "/a/y", "/b/x", "/c"}) == Code::ok);
  CHECK(code_of_paths({"/b", "/a", "/c/x", "/0"}) == Code::ok);
  CHECK(code_of_paths({"/a/x", "/a/b/c/y", "/a/z"}) == Code::ok);
  CHECK(code_of_paths({"/a", "/a"}) == Code::invalid_argument);
  CHECK(code_of_paths({"/a", "//a"}) == Code::invalid_argument);
  CHECK(code_of_paths({"/a/x", "/b", "/a/y"}) == Code::invalid_argument);
  CHECK(code_of_paths({"/a/x", "/a"}) == Code::invalid_argument);
  CHECK(code_of_paths({"/a", "/a/x"}) == Code::invalid_argument);
  CHECK(code_of_paths({"/a/b/x", "/a/c/x", "/a/b/y"}) == Code::invalid_argument);
  CHECK(code_of_paths({"/b/x", "/a/b/x"}) == Code::ok);
}

TEST_CASE("source: stream paths are absolute, safe, and below the paths of the source") {
  for (const char* bad : {"", "/", "relative", "/a/../b", "/..", "/a/.", "/."}) {
    CAPTURE(bad);
    CHECK(code_of_paths({bad}) == Code::invalid_argument);
  }
  const std::vector<std::string> roots = {"/dump/", "/other"};
  CHECK(code_of_paths({"/dump/x", "/other"}, roots) == Code::ok);
  CHECK(code_of_paths({"/dumper"}, roots) == Code::invalid_argument);
  CHECK(code_of_paths({"/"}, roots) == Code::invalid_argument);
  CHECK(code_of_paths({"/x"}, roots) == Code::invalid_argument);
  LazyStreams streams;
  streams.next = [] { return std::nullopt; };
  streams.paths = roots;
  CHECK(make_stream_source(streams)->paths() == std::vector<std::string>{"/dump", "/other"});
  for (const char* bad : {"", "dump", "/a/..", "/./"}) {
    streams.paths = {bad};
    CHECK_THROWS_AS(make_stream_source(streams), Error);
  }
  streams.paths = {};
  CHECK_THROWS_AS(make_stream_source(streams), Error);
}
