// sapdr.hpp as a program uses it: RAII, ranges, exceptions through lambdas, results of failed runs.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sapdr/sapdr.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

namespace {

// A folder that goes away.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "sapdr-hpp-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void write(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const sapdr::init_options cheap{.password = "secret", .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1};

sapdr::repository new_repository(const std::string& location = "memory:") {
  const sapdr::context ctx;
  return sapdr::repository::init(ctx, sapdr::backend(ctx, location), cheap);
}

struct Data : Folder {
  Data() {
    write(source + "/a.txt", "first");
    write(source + "/sub/b.txt", "second");
  }
  const std::string source = *this / "source";
};

sapdr::stream stream_of(std::string path, std::string content) {
  return {.path = std::move(path),
          .read = [content = std::move(content),
                   at = std::size_t{0}](std::span<std::byte> buffer) mutable {
            const std::size_t size = std::min(buffer.size(), content.size() - at);
            std::memcpy(buffer.data(), content.data() + at, size);
            at += size;
            return size;
          }};
}

sapdr_status code_of(const std::function<void()>& call) {
  try {
    call();
    return SAPDR_OK;
  } catch (const sapdr::error& error) {
    return error.code();
  }
}

}  // namespace

TEST_CASE("hpp: handles are move-only") {
  const auto move_only = []<class T>(std::type_identity<T>) {
    return !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
           std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>;
  };
  CHECK(move_only(std::type_identity<sapdr::context>()));
  CHECK(move_only(std::type_identity<sapdr::backend>()));
  CHECK(move_only(std::type_identity<sapdr::repository>()));
  CHECK(move_only(std::type_identity<sapdr::snapshot>()));
  CHECK(move_only(std::type_identity<sapdr::snapshot_list>()));
  CHECK(move_only(std::type_identity<sapdr::walk>()));
  CHECK(move_only(std::type_identity<sapdr::file>()));
  CHECK(move_only(std::type_identity<sapdr::restore_plan>()));
  CHECK(move_only(std::type_identity<sapdr::cancel_source>()));
  CHECK(move_only(std::type_identity<sapdr::buffer>()));
  static_assert(std::is_nothrow_copy_constructible_v<sapdr::error>);
}

TEST_CASE("hpp: a moved repository works, and outlives context and backend") {
  const Data data;
  sapdr::repository first = new_repository();
  sapdr::repository second = std::move(first);
  CHECK(second.version() == 2);
  CHECK(second.id().size() == 64);
  CHECK(second.location() == "memory:");
  first = std::move(second);
  CHECK(first.backup({data.source}).files_new == 2);
}

TEST_CASE("hpp: back up, list, walk, dump, check, verify and restore") {
  const Data data;
  sapdr::repository repo = new_repository(data / "repository");
  const sapdr::backup_result backup =
      repo.backup({data.source}, {.host = "box", .tags = {"one", "two"}, .verify = true});
  CHECK(backup.state == SAPDR_BACKUP_VERIFIED);
  const std::string id = sapdr::to_hex(backup.snapshot_id);

  const sapdr::snapshot_list list = repo.snapshots({.hosts = {"box"}, .tags = {"one"}});
  REQUIRE(list.size() == 1);
  CHECK(std::all_of(list.begin(), list.end(), [&](const auto& each) { return each.hex() == id; }));
  CHECK(list.back().tags() == std::vector<std::string>{"one", "two"});
  CHECK(list.back().paths() == std::vector<std::string>{data.source});
  CHECK(repo.snapshots({.hosts = {"other"}}).empty());
  const sapdr::snapshot latest = repo.snapshot("latest");
  CHECK(sapdr::to_hex(latest.id()) == id);
  CHECK(latest.parent().empty());

  std::vector<std::string> names;
  for (const sapdr::node& each : repo.walk(id + ":" + data.source))
    names.emplace_back(each.path.substr(each.path.rfind('/') + 1));
  CHECK(names == std::vector<std::string>{"a.txt", "sub", "b.txt"});

  std::string dumped;
  repo.dump("latest", data.source + "/sub/b.txt", [&](std::span<const std::byte> part) {
    dumped.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  CHECK(dumped == "second");

  CHECK(repo.check({.read_data = true}).problems == 0);
  CHECK(repo.verify("latest", std::nullopt).differing == 0);

  const std::string target = data / "target";
  sapdr::restore_plan plan =
      repo.restore_plan("latest:" + data.source, target, {.includes = {"*.txt"}, .verify = true});
  CHECK(plan.target() == target);
  CHECK(plan.snapshot().hex() == id);
  CHECK(plan.stats().files == 2);
  CHECK_FALSE(fs::exists(target));
  CHECK(plan.run().files == 2);
  CHECK(read(target + "/a.txt") == "first");

  CHECK(repo.stats("latest").files == 2);
  CHECK(repo.unlock() == 0);
  CHECK(repo.cat("config").text().find(repo.id()) != std::string_view::npos);
  std::vector<std::string> ids;
  repo.list("snapshot", [&](std::string_view each, uint64_t) { ids.emplace_back(each); });
  CHECK(ids == std::vector<std::string>{id});
}

TEST_CASE("hpp: a walk is an input range") {
  static_assert(std::input_iterator<sapdr::walk::iterator>);
  static_assert(std::sentinel_for<std::default_sentinel_t, sapdr::walk::iterator>);
  sapdr::repository repo = new_repository();
  repo.backup_streams({stream_of("/dump/x", "x"), stream_of("/dump/y", "yy")});
  sapdr::walk walk = repo.walk("latest", {.paths = {"/dump/y"}});
  const auto node = walk.next();
  REQUIRE(node);
  CHECK(node->path == "/dump/y");
  CHECK(node->type == SAPDR_NODE_FILE);
  CHECK(node->size == 2);
  CHECK_FALSE(walk.next());
  CHECK(walk.snapshot().paths().size() == 2);
}

TEST_CASE("hpp: a diff tells the nodes on both sides") {
  const Data data;
  const std::string location = data / "repository";
  sapdr::repository repo = new_repository(location);
  const std::string before = sapdr::to_hex(repo.backup({data.source}).snapshot_id);
  write(data.source + "/a.txt", "changed");
  write(data.source + "/new.txt", "new");
  fs::remove(data.source + "/sub/b.txt");
  repo.backup({data.source});
  std::vector<std::string> told;
  const auto each = [&](const sapdr::difference& d) {
    const auto size = [](const auto& node) { return node ? std::to_string(node->size) : "-"; };
    told.push_back(std::string(d.modifier()) + std::string(d.path.substr(data.source.size())) +
                   " " + size(d.before) + " " + size(d.after));
  };
  const sapdr::diff_result result = repo.diff(before, "latest", each);
  CHECK(told == std::vector<std::string>{"M/a.txt 5 7", "+/new.txt - 3", "-/sub/b.txt 6 -"});
  CHECK(result.files_changed == 1);
  CHECK(sapdr::to_hex(result.before_id) == before);
  CHECK(repo.diff("latest", "latest", {}, {.metadata = true, .no_blobs = true}).files_new == 0);

  fs::remove_all(location + "/data");
  fs::create_directory(location + "/data");
  try {
    repo.diff(before, "latest", {});
    FAIL("missing trees were not reported");
  } catch (const sapdr::diff_error& error) {
    CHECK(error.code() == SAPDR_E_INCOMPLETE);
    CHECK(error.result().failed > 0);
  }
}

TEST_CASE("hpp: a find tells snapshot and node") {
  const Data data;
  const std::string location = data / "repository";
  sapdr::repository repo = new_repository(location);
  repo.backup({data.source}, {.host = "one"});
  repo.backup({data.source}, {.host = "two"});
  std::vector<std::string> told;
  const auto each = [&](const sapdr::match& match) {
    told.push_back(std::string(match.snapshot.host()) +
                   std::string(match.node.path.substr(data.source.size())));
    CHECK(match.object_type.empty());
  };
  const sapdr::find_result result = repo.find({.patterns = {"B.*"}, .ignore_case = true}, each);
  CHECK(told == std::vector<std::string>{"one/sub/b.txt", "two/sub/b.txt"});
  CHECK(result.snapshots == 2);
  CHECK(repo.find({.patterns = {"*.txt"}}, {}, {.hosts = {"two"}}).matches == 2);
  const std::string tree(repo.snapshot("latest").tree());
  CHECK(repo.find({.trees = {tree}, .snapshots = {"latest"}}, {}).matches == 1);

  fs::remove_all(location + "/data");
  fs::create_directory(location + "/data");
  try {
    repo.find({.patterns = {"a.txt"}}, {});
    FAIL("missing trees were not reported");
  } catch (const sapdr::find_error& error) {
    CHECK(error.code() == SAPDR_E_INCOMPLETE);
    CHECK(error.result().failed == 2);
  }
}

TEST_CASE("hpp: a file is read from anywhere") {
  sapdr::repository repo = new_repository();
  repo.backup_streams({stream_of("/d/x", "0123456789")});
  const sapdr::cancel_source cancel;
  sapdr::file file = repo.open_file("latest:/d", "/x", {.cancel = &cancel});
  const auto read = [&](uint64_t offset, std::size_t size) {
    std::string out(size, '?');
    out.resize(file.read(offset, std::as_writable_bytes(std::span(out))));
    return out;
  };
  CHECK(file.size() == 10);
  CHECK(file.blob_end(3) == 10);
  CHECK(file.node().path == "/x");
  CHECK(file.snapshot().paths() == std::vector<std::string>{"/d/x"});
  CHECK(read(3, 4) == "3456");
  CHECK(read(8, 4) == "89");
  CHECK(read(10, 4).empty());
  sapdr::file moved = std::move(file);
  file = std::move(moved);
  CHECK(read(0, 1) == "0");
  cancel.trigger();
  CHECK(code_of([&] { read(0, 1); }) == SAPDR_E_CANCELLED);
  CHECK(code_of([&] { repo.open_file("latest", "/d"); }) == SAPDR_E_INVALID_ARGUMENT);
  CHECK(code_of([&] { repo.open_file("latest", "/y"); }) == SAPDR_E_NOT_FOUND);
}

TEST_CASE("hpp: what a lambda throws comes out unchanged") {
  const Data data;
  sapdr::repository repo = new_repository();
  struct Stop {
    int value;
  };
  const auto stop = [](const auto&) { throw Stop{42}; };
  const auto thrown_by = [](const auto& call) {
    try {
      call();
    } catch (const Stop& caught) {
      return caught.value;
    }
    return 0;
  };
  CHECK(thrown_by([&] { repo.backup({data.source}, {.observer = {.on_progress = stop}}); }) == 42);
  CHECK(thrown_by([&] { repo.backup({data.source}, {.observer = {.on_item = stop}}); }) == 42);
  CHECK(repo.snapshots().empty());

  repo.backup({data.source});
  CHECK(thrown_by([&] { repo.check({.observer = {.on_progress = stop}}); }) == 42);
  CHECK(thrown_by([&] { repo.dump("latest", data.source + "/a.txt", stop); }) == 42);
  CHECK(thrown_by([&] {
          repo.list("snapshot", [](std::string_view, uint64_t) { throw Stop{42}; });
        }) == 42);
  write(data.source + "/a.txt", "changed");
  repo.backup({data.source});
  CHECK(thrown_by([&] { repo.diff(std::string(repo.snapshots()[0].hex()), "latest", stop); }) ==
        42);
  CHECK(thrown_by([&] { repo.find({.patterns = {"*"}}, stop); }) == 42);
  fs::remove(data.source + "/a.txt");
  CHECK(thrown_by([&] { repo.verify("latest", std::nullopt, {.observer = {.on_item = stop}}); }) ==
        42);
  CHECK(thrown_by([&] {
          auto plan = repo.restore_plan("latest", data / "t", {.observer = {.on_item = stop}});
          plan.run();
        }) == 42);

  std::vector<sapdr::stream> streams{stream_of("/good", "good")};
  streams.push_back(
      {.path = "/bad", .read = [](std::span<std::byte>) -> std::size_t { throw Stop{42}; }});
  CHECK(thrown_by([&] { repo.backup_streams(streams); }) == 42);
  CHECK(repo.snapshots().size() == 2);
}

TEST_CASE("hpp: a run that fails throws, and its result is with the error") {
  const Data data;
  const std::string location = data / "repository";
  sapdr::repository repo = new_repository(location);
  repo.backup({data.source});

  write(data.source + "/a.txt", "other");
  try {
    static_cast<void>(repo.verify("latest", std::nullopt));
    FAIL("a difference was not reported");
  } catch (const sapdr::verify_error& error) {
    CHECK(error.code() == SAPDR_E_CHECKSUM);
    CHECK(error.result().differing == 1);
    CHECK(error.result().files == 2);
  }

  fs::remove_all(location + "/data");
  fs::create_directory(location + "/data");
  try {
    repo.check();
    FAIL("missing packs were not reported");
  } catch (const sapdr::check_error& error) {
    CHECK(error.code() == SAPDR_E_CORRUPT);
    CHECK(error.result().problems > 0);
  }
}

TEST_CASE("hpp: errors carry code, message, details and retry class") {
  const Data data;
  const sapdr::context ctx;
  const sapdr::backend storage(ctx, data / "nothing");
  try {
    sapdr::repository::open(ctx, storage, {.password = "secret"});
    FAIL("opened nothing");
  } catch (const sapdr::error& error) {
    CHECK(error.code() == SAPDR_E_NO_REPOSITORY);
    CHECK(std::string(error.what()).find(data / "nothing") != std::string::npos);
    CHECK(error.retryable() == SAPDR_RETRY_NEVER);
    CHECK_FALSE(error.detail("no such detail"));
    const sapdr::error copy = error;
    CHECK(std::string(copy.what()) == error.what());
  }
  CHECK(code_of([&] { sapdr::backend(ctx, "gopher://x"); }) == SAPDR_E_UNSUPPORTED);
  CHECK(code_of([&] { sapdr::repository::init(ctx, storage, {}); }) == SAPDR_E_INVALID_ARGUMENT);
  sapdr::repository repo = new_repository();
  CHECK(code_of([&] { repo.backup({data / "missing"}); }) == SAPDR_E_NOT_FOUND);
  CHECK(code_of([&] { repo.snapshot("latest"); }) == SAPDR_E_NOT_FOUND);
  const sapdr::error made(SAPDR_E_IO, "could not read x");
  CHECK(made.code() == SAPDR_E_IO);
  CHECK(std::string(made.what()) == "could not read x");
  CHECK_FALSE(made.cause());
}

TEST_CASE("hpp: a NUL in a string is refused, not cut off") {
  sapdr::repository repo = new_repository();
  const std::string cut("/etc\0/x", 7);
  CHECK(code_of([&] { repo.backup({cut}); }) == SAPDR_E_INVALID_ARGUMENT);
  CHECK(code_of([&] { repo.snapshot(cut); }) == SAPDR_E_INVALID_ARGUMENT);
}

TEST_CASE("hpp: a cancel_source stops a run from another thread") {
  sapdr::repository repo = new_repository();
  const sapdr::cancel_source cancel;
  std::thread other;
  const sapdr::stream endless{.path = "/endless", .read = [&](std::span<std::byte> buffer) {
                                if (!other.joinable())
                                  other = std::thread([&] { cancel.trigger(); });
                                std::fill(buffer.begin(), buffer.end(), std::byte{7});
                                return buffer.size();
                              }};
  CHECK(code_of([&] { repo.backup_streams({endless}, {.cancel = &cancel}); }) == SAPDR_E_CANCELLED);
  other.join();
  CHECK(cancel.is_triggered());
  CHECK(repo.snapshots().empty());
}

TEST_CASE("hpp: progress ends with a final call, items name the files") {
  const Data data;
  sapdr::repository repo = new_repository();
  std::vector<std::string> paths;
  uint64_t bytes = 0;
  bool is_final = false;
  repo.backup({data.source}, {.observer = {.on_progress =
                                               [&](const sapdr::progress& now) {
                                                 CHECK_FALSE(is_final);
                                                 is_final = now.is_final;
                                                 bytes = std::max(bytes, now.bytes_done);
                                               },
                                           .on_item =
                                               [&](const sapdr::item& item) {
                                                 if (item.action == SAPDR_ITEM_NEW)
                                                   paths.emplace_back(item.path);
                                               }}});
  CHECK(is_final);
  CHECK(bytes == 11);
  CHECK(std::count(paths.begin(), paths.end(), data.source + "/sub/b.txt") == 1);
}

TEST_CASE("hpp: log records arrive while handles live, also after the context is gone") {
  std::vector<std::string> messages;
  auto ctx = std::make_optional<sapdr::context>(sapdr::context_options{
      .log_level = SAPDR_LOG_DEBUG,
      .on_log = [&](const sapdr::log_record& told) { messages.emplace_back(told.message); }});
  sapdr::repository repo = sapdr::repository::init(*ctx, sapdr::backend(*ctx, "memory:"), cheap);
  ctx.reset();
  repo.backup_streams({stream_of("/x", "x")});
  for (const std::string& each : messages) CHECK(each.find('\n') == std::string::npos);
  CHECK_FALSE(sapdr::version().empty());
}
