// sapdr.hpp as a program uses it: RAII, ranges, exceptions through lambdas, results of failed runs.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
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
  CHECK(move_only(std::type_identity<sapdr::forget_plan>()));
  CHECK(move_only(std::type_identity<sapdr::prune_plan>()));
  CHECK(move_only(std::type_identity<sapdr::cancel_source>()));
  CHECK(move_only(std::type_identity<sapdr::buffer>()));
  CHECK(move_only(std::type_identity<sapdr::hasher>()));
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
  const sapdr::warm_up_result warm = plan.warm_up({.wait = std::chrono::hours(1)});
  CHECK(warm.packs == 1);
  CHECK(warm.asked == 0);
  CHECK(warm.waiting == 0);
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

TEST_CASE("hpp: forget and prune, each a plan and a run") {
  sapdr::repository repo = new_repository();
  for (int i = 1; i <= 4; ++i) {
    repo.backup_streams({stream_of("/x", "content " + std::to_string(i))},
                        {.tags = {i % 2 == 0 ? "even" : "odd"}, .time_ns = i * 86'400'000'000'000});
  }
  CHECK(repo.snapshots({.tag_lists = {"even", "none,other"}}).size() == 2);
  CHECK(code_of([&] { repo.forget_plan({}); }) == SAPDR_E_INVALID_ARGUMENT);
  sapdr::forget_plan forget = repo.forget_plan(
      {.group_by = SAPDR_GROUP_BY_NOTHING, .keep_within = "1d", .keep_tags = {"odd"}});
  CHECK(forget.size() == 4);
  CHECK_FALSE(forget.empty());
  CHECK(std::count_if(forget.begin(), forget.end(), [](const auto& d) { return d.keep; }) == 3);
  CHECK(forget[0].snapshot.time_ns() == 4 * 86'400'000'000'000);
  CHECK(forget[0].reasons == "within 1d");
  CHECK(forget[1].reasons == "has tags odd");
  CHECK(repo.snapshots().size() == 4);
  sapdr::forget_plan moved = std::move(forget);
  CHECK(moved.run() == 1);
  try {
    static_cast<void>(moved.run());
    FAIL("it ran twice");
  } catch (const sapdr::forget_error& error) {
    CHECK(error.code() == SAPDR_E_INVALID_STATE);
    CHECK(error.result() == 0);
  }
  CHECK(repo.snapshots().size() == 3);

  using namespace std::chrono_literals;
  CHECK(code_of([&] { repo.prune_plan({.grace = -1ns}); }) == SAPDR_E_INVALID_ARGUMENT);
  const std::string id(repo.snapshot("latest").hex());
  CHECK(repo.prune_plan({.without_snapshots = {id}}).stats().snapshots == 2);
  moved = repo.forget_plan({.keep_last = 1});  // a plan that lives has a lock
  {
    sapdr::prune_plan locked = repo.prune_plan();
    CHECK(locked.stats().packs_marked > 0);
    try {
      static_cast<void>(locked.run());
      FAIL("it ran beside another lock");
    } catch (const sapdr::prune_error& error) {
      CHECK(error.code() == SAPDR_E_LOCKED);
      CHECK(error.result().packs_marked == 0);
      CHECK(error.result().snapshots == 3);
    }
  }
  { const sapdr::forget_plan ended = std::move(moved); }
  CHECK(repo.prune_plan({.grace = 1h}).run().packs_marked > 0);
  const sapdr::prune_stats last = repo.prune_plan({.max_unused = "0", .grace = 0ns}).run();
  CHECK(last.packs_removed > 0);
  CHECK(last.packs_waiting == 0);
  CHECK(repo.prune_plan({.without_snapshots = {id}, .forget = true}).run().snapshots_removed == 1);
  CHECK(repo.snapshots().size() == 2);
  CHECK(repo.check({.read_data = true}).packs_unreferenced > 0);
}

TEST_CASE("hpp: keys are added, listed and removed, and the password is changed") {
  const sapdr::context ctx;
  const sapdr::backend storage(ctx, "memory:");
  sapdr::repository repo = sapdr::repository::init(ctx, storage, cheap);
  const auto opens = [&](const std::string& password) {
    return code_of([&] { sapdr::repository::open(ctx, storage, {.password = password}); });
  };
  sapdr::key_options options{.password = "second", .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1};
  options.host = "ship";
  const std::string second = sapdr::to_hex(repo.key_add(options));
  CHECK(opens("second") == SAPDR_OK);
  const std::vector<sapdr::key> keys = repo.key_list();
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].is_current);
  CHECK(keys[1].id == second);
  CHECK(keys[1].host == "ship");
  CHECK(keys[1].damage.empty());
  CHECK(sapdr::to_hex(repo.key_remove(second.substr(0, 20))) == second);
  CHECK(opens("second") == SAPDR_E_AUTH);
  CHECK(code_of([&] { repo.key_remove(keys[0].id); }) == SAPDR_E_INVALID_ARGUMENT);
  options.password = "new";
  const std::string changed = sapdr::to_hex(repo.key_passwd(options));
  CHECK(repo.key_list().at(0).id == changed);
  CHECK(opens("new") == SAPDR_OK);
  CHECK(opens(cheap.password) == SAPDR_E_AUTH);
}

TEST_CASE("hpp: tags are added, removed and set") {
  sapdr::repository repo = new_repository();
  repo.backup_streams({stream_of("/x", "x")}, {.tags = {"a"}});
  repo.backup_streams({stream_of("/x", "x")}, {.host = "other", .tags = {"a"}});
  const auto tags = [&] { return repo.snapshot("latest", {.hosts = {"other"}}).tags(); };
  CHECK(repo.tag({}, {.add = {"b"}, .remove = {"a"}}).changed == 2);
  CHECK(tags() == std::vector<std::string>{"b"});
  CHECK(repo.tag({"latest"}, {.set = {{"c", "d"}}}, {.hosts = {"other"}}).changed == 1);
  CHECK(tags() == std::vector<std::string>{"c", "d"});
  const std::vector<std::string> none;
  CHECK(repo.tag({}, {.set = none}).changed == 2);
  CHECK(tags().empty());
  CHECK(repo.tag({}, {.set = none}).unchanged == 2);
  CHECK(code_of([&] { repo.tag({}, {}); }) == SAPDR_E_INVALID_ARGUMENT);
  try {
    repo.tag({}, {.add = {"x"}, .observer = {.on_item = [](const sapdr::item& item) {
                                  if (item.action == SAPDR_ITEM_MODIFIED)
                                    throw std::runtime_error("stop");
                                }}});
    FAIL("the lambda was not heard");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()) == "stop");
  }
}

TEST_CASE("hpp: snapshots are copied into a repository that cuts files alike") {
  const Data data;
  const sapdr::context ctx;
  sapdr::repository from = new_repository(data / "from");
  sapdr::init_options options = cheap;
  options.copy_chunker_params = &from;
  sapdr::repository repo = sapdr::repository::init(ctx, sapdr::backend(ctx, "memory:"), options);
  CHECK(from.cat("config").text() != repo.cat("config").text());
  const auto polynomial = [](sapdr::repository& repository) {
    const std::string config(repository.cat("config").text());
    return config.substr(config.find("chunker_polynomial"));
  };
  CHECK(polynomial(from) == polynomial(repo));

  from.backup({data.source}, {.tags = {"a"}});
  const std::string id = sapdr::to_hex(from.backup({data.source}, {.tags = {"b"}}).snapshot_id);
  CHECK(repo.copy_from(from, {}, {.dry_run = true}).snapshots_copied == 2);
  CHECK(repo.snapshots().empty());
  CHECK(repo.copy_from(from, {id.substr(0, 20)}).snapshots_copied == 1);
  CHECK(repo.snapshot("latest").tags() == std::vector<std::string>{"b"});
  const sapdr::copy_result rest = repo.copy_from(from, {}, {}, {.tags = {"a"}});
  CHECK(rest.snapshots_copied == 1);
  CHECK(rest.data_blobs_new == 0);
  CHECK(repo.copy_from(from).snapshots_skipped == 2);
  CHECK(repo.check({.read_data = true}).problems == 0);

  fs::remove_all(data / "from" + "/data");
  fs::create_directory(data / "from" + "/data");
  sapdr::repository other = new_repository();
  std::vector<std::string> failed;
  try {
    other.copy_from(from, {}, {.observer = {.on_item = [&](const sapdr::item& item) {
                                 if (item.action == SAPDR_ITEM_FAILED)
                                   failed.emplace_back(item.object_id);
                               }}});
    FAIL("missing packs were not reported");
  } catch (const sapdr::copy_error& error) {
    CHECK(error.code() == SAPDR_E_INCOMPLETE);
    CHECK(error.result().snapshots_failed == 2);
  }
  CHECK(std::count(failed.begin(), failed.end(), id) == 1);
  CHECK(code_of([&] { repo.copy_from(repo); }) == SAPDR_E_INVALID_ARGUMENT);
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
  CHECK(thrown_by([&] {
          repo.forget_plan({.observer = {.on_progress = stop}, .keep_last = 1}).run();
        }) == 42);
  CHECK(thrown_by([&] { repo.prune_plan({.observer = {.on_progress = stop}}); }) == 42);
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

TEST_CASE("hpp: streams that are made one after the other") {
  sapdr::repository repo = new_repository();
  int made = 0;
  std::atomic<int> alive = 0;  // streams are dropped on other threads
  const auto token = [&alive] {
    ++alive;
    return std::shared_ptr<void>(nullptr, [&alive](void*) { --alive; });
  };
  const auto numbered = [&](int n) {
    sapdr::stream next = stream_of("/dump/" + std::to_string(n), std::to_string(n));
    next.read = [read = std::move(next.read), kept = token()](std::span<std::byte> buffer) {
      return read(buffer);
    };
    return next;
  };
  const auto next = [&]() -> std::optional<sapdr::stream> {
    CHECK(alive == 0);
    if (made == 20) return std::nullopt;
    return numbered(++made);
  };
  const auto result = repo.backup_source({.next = next, .paths = {"/dump"}, .max_open = 1});
  CHECK(result.files_new == 20);
  CHECK(alive == 0);
  CHECK(repo.snapshot("latest").paths() == std::vector<std::string>{"/dump"});

  struct Stop {};
  made = 0;
  const auto fails = [&]() -> std::optional<sapdr::stream> {
    if (made == 3) throw Stop();
    return numbered(++made);
  };
  CHECK_THROWS_AS(repo.backup_source({.next = fails}), Stop);
  CHECK(alive == 0);
  CHECK(repo.snapshots().size() == 1);
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

TEST_CASE("hpp: checksums and manifests") {
  const Data data;
  const sapdr::context ctx;
  const auto bytes_of = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  const std::string first = sapdr::to_hex(sapdr::sha256(bytes_of("first")));
  sapdr::hasher hasher;
  hasher.update(bytes_of("fi"));
  hasher.update(bytes_of("rst"));
  CHECK(sapdr::to_hex(hasher.final()) == first);
  CHECK(sapdr::to_hex(sapdr::checksum_file(data.source + "/a.txt")) == first);

  std::string lines;
  const sapdr::checksum_result told =
      sapdr::checksum_tree(ctx, data.source,
                           [&](const sapdr::file_checksum& file) {
                             CHECK(file.line.starts_with(sapdr::to_hex(file.sha256)));
                             lines += file.line;
                           },
                           {.excludes = {"*.tmp"}});
  CHECK(told.files == 2);
  CHECK(lines.starts_with(first + "  a.txt\n"));
  const std::string manifest = data / "sums";
  CHECK(sapdr::manifest_write(ctx, data.source, manifest).bytes == told.bytes);
  CHECK(read(manifest) == lines);
  CHECK(sapdr::manifest_verify(ctx, data.source, manifest, {.paths = {"."}}).matching == 2);

  fs::remove(data.source + "/a.txt");
  try {
    sapdr::manifest_verify(ctx, data.source, manifest);
    FAIL("a missing file was not reported");
  } catch (const sapdr::manifest_verify_error& error) {
    CHECK(error.code() == SAPDR_E_CHECKSUM);
    CHECK((error.result().missing == 1 && error.result().matching == 1));
  }
  const auto stop = [](const auto&) { throw std::runtime_error("stop"); };
  CHECK_THROWS_AS(sapdr::checksum_tree(ctx, data.source, stop), std::runtime_error);
  CHECK_THROWS_AS(
      sapdr::manifest_verify(ctx, data.source, manifest, {.observer = {.on_item = stop}}),
      std::runtime_error);
  CHECK_THROWS_AS(sapdr::checksum_file(manifest, {.on_progress = stop}), std::runtime_error);
  CHECK_THROWS_AS(sapdr::manifest_write(ctx, data / "nowhere", manifest), sapdr::checksum_error);
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
