// Storage written in C++ with sapdr.hpp: a repository on it, its exceptions, and calls on backends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <sapdr/sapdr.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string id(64, 'a');
const sapdr::object_name pack{SAPDR_OBJECT_PACK, id};

// Objects of a program, which live longer than the storage.
struct shelf {
  std::mutex mutex;
  std::map<std::pair<int32_t, std::string>, std::string> objects;
  std::function<void(const std::string& call)> before = [](const std::string&) {};
  int storages = 0;
  bool retry = false;
};

class map_storage : public sapdr::storage {
 public:
  explicit map_storage(shelf& on) : on_(on) { ++on_.storages; }
  ~map_storage() override { --on_.storages; }

  std::string location() const override { return "map:"; }
  bool retry() const override { return on_.retry; }
  uint64_t size(const sapdr::object_name& object) override { return find("size", object).size(); }
  std::size_t load(const sapdr::object_name& object, uint64_t offset,
                   std::span<std::byte> buffer) override {
    const std::string found = find("load", object);
    const std::size_t begin = std::min<std::size_t>(offset, found.size());
    return found.copy(reinterpret_cast<char*>(buffer.data()), buffer.size(), begin);
  }
  void save(const sapdr::object_name& object, std::span<const std::byte> data) override {
    const auto lock = enter("save");
    const std::string content(reinterpret_cast<const char*>(data.data()), data.size());
    if (!on_.objects.try_emplace({object.type, object.name}, content).second)
      throw sapdr::error(SAPDR_E_EXISTS, object.path + " is there already");
  }
  void list(int32_t type, const visitor& each) override {
    const auto lock = enter("list");
    for (const auto& [name, content] : on_.objects)
      if (name.first == type) each({.name = name.second, .size = content.size()});
  }
  void erase(const sapdr::object_name& object) override {
    const auto lock = enter("erase");
    if (on_.objects.erase({object.type, object.name}) == 0) throw missing(object);
  }

 private:
  std::unique_lock<std::mutex> enter(const std::string& call) {
    std::unique_lock lock(on_.mutex);
    on_.before(call);
    return lock;
  }
  std::string find(const std::string& call, const sapdr::object_name& object) {
    const auto lock = enter(call);
    const auto at = on_.objects.find({object.type, object.name});
    if (at == on_.objects.end()) throw missing(object);
    return at->second;
  }
  static sapdr::error missing(const sapdr::object_name& object) {
    return sapdr::error(SAPDR_E_NOT_FOUND, object.path + " is not there");
  }

  shelf& on_;
};

sapdr::backend backend_on(const sapdr::context& ctx, shelf& on) {
  return sapdr::backend::of(ctx, std::make_unique<map_storage>(on));
}

sapdr::stream stream_of(std::string path, std::string content) {
  return {.path = std::move(path),
          .read = [content = std::move(content),
                   at = std::size_t{0}](std::span<std::byte> buffer) mutable {
            const std::size_t size =
                content.copy(reinterpret_cast<char*>(buffer.data()), buffer.size(), at);
            at += size;
            return size;
          }};
}

template <class Call>
sapdr::error error_of(Call call) {
  try {
    call();
  } catch (const sapdr::error& error) {
    return error;
  }
  FAIL("it threw nothing");
  return {SAPDR_E_INTERNAL, ""};
}

}  // namespace

TEST_CASE("hpp: a cache around storage of the program's, listed and removed") {
  std::string folder = std::filesystem::temp_directory_path() / "sapdr-hpp-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  shelf on;
  std::map<std::string, int> calls;
  on.before = [&](const std::string& call) { ++calls[call]; };
  const sapdr::context ctx;
  const sapdr::backend storage = backend_on(ctx, on);
  const sapdr::init_options init{.password = "x", .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1};
  const std::string id = std::string(sapdr::repository::init(ctx, storage, init).id());
  const auto open = [&] {
    return sapdr::repository::open(ctx, storage, {.password = "x", .cache_dir = folder + "/cache"});
  };
  open().backup_streams({{.path = "/f", .read = [](std::span<std::byte>) { return 0; }}});
  auto repo = open();
  calls.clear();
  CHECK(repo.snapshots().size() == 1);
  CHECK(calls["load"] == 0);
  const std::vector<sapdr::cache> caches = sapdr::cache_list(ctx, folder + "/cache");
  REQUIRE(caches.size() == 1);
  CHECK(caches[0].repository_id == id);
  CHECK(caches[0].files > 0);
  CHECK(caches[0].bytes > 0);
  CHECK(caches[0].used_ns > 0);
  using namespace std::chrono_literals;
  CHECK(sapdr::cache_remove(ctx, folder + "/cache", 1h).empty());
  CHECK(sapdr::cache_remove(ctx, folder + "/cache", 0h).size() == 1);
  CHECK(sapdr::cache_list(ctx, folder + "/cache").empty());
  CHECK(repo.snapshots().size() == 1);
  std::filesystem::remove_all(folder);
}

TEST_CASE("hpp: a storage is a backend, and gone when the last handle is") {
  shelf on;
  {
    const sapdr::context ctx;
    sapdr::backend backend = backend_on(ctx, on);
    CHECK(backend.location() == "map:");
    CHECK(backend.max_parallel() == 4);
    backend.create();
    CHECK_FALSE(backend.exists(pack));
    backend.save(pack, std::as_bytes(std::span(std::string_view("12345"))));
    CHECK(backend.exists(pack));
    CHECK(backend.size(pack) == 5);
    char part[3];
    backend.load(pack, 2, std::as_writable_bytes(std::span(part)));
    CHECK(std::string(part, 3) == "345");
    CHECK(error_of([&] {
            backend.load(pack, 3, std::as_writable_bytes(std::span(part)));
          }).code() == SAPDR_E_CORRUPT);
    std::vector<std::string> names;
    backend.list(SAPDR_OBJECT_PACK,
                 [&](const sapdr::object_info& object) { names.emplace_back(object.name); });
    CHECK(names == std::vector<std::string>{id});
    backend.erase(pack);
    CHECK(error_of([&] { backend.erase(pack); }).code() == SAPDR_E_NOT_FOUND);
    CHECK(on.storages == 1);
  }
  CHECK(on.storages == 0);
  const sapdr::context ctx;
  CHECK(error_of([&] { sapdr::backend::of(ctx, nullptr); }).code() == SAPDR_E_INVALID_ARGUMENT);
}

TEST_CASE("hpp: what a list's lambda throws comes out unchanged") {
  shelf on;
  const sapdr::context ctx;
  sapdr::backend backend = backend_on(ctx, on);
  backend.save(pack, {});
  CHECK_THROWS_AS(backend.list(SAPDR_OBJECT_PACK,
                               [](const sapdr::object_info&) { throw std::range_error(""); }),
                  std::range_error);
}

TEST_CASE("hpp: back up, check and restore through a storage") {
  shelf on;
  {
    const sapdr::context ctx;
    auto repo = sapdr::repository::init(
        ctx, backend_on(ctx, on),
        {.password = "secret", .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1});
    const auto result =
        repo.backup_streams({stream_of("/dump/x", "content of x")}, {.verify = true});
    CHECK(result.state == SAPDR_BACKUP_VERIFIED);
    CHECK(repo.location() == "map:");
  }
  CHECK(on.storages == 0);
  const sapdr::context ctx;
  auto repo = sapdr::repository::open(ctx, backend_on(ctx, on), {.password = "secret"});
  CHECK(repo.check({.read_data = true}).problems == 0);
  std::string dumped;
  repo.dump("latest", "/dump/x", [&](std::span<const std::byte> part) {
    dumped.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  CHECK(dumped == "content of x");
}

TEST_CASE("hpp: what a storage throws is the cause of the error") {
  shelf on;
  const sapdr::context ctx;
  auto repo =
      sapdr::repository::init(ctx, backend_on(ctx, on),
                              {.password = "secret", .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1});
  const auto fail_with = [&](std::function<void()> fail) {
    on.before = [fail = std::move(fail)](const std::string& call) {
      if (call == "save") fail();
    };
    const sapdr::error error = error_of([&] { repo.backup_streams({stream_of("/x", "x")}); });
    on.before = [](const std::string&) {};
    CHECK(repo.snapshots().empty());
    return error;
  };
  const sapdr::error own = fail_with([] {
    throw sapdr::error(SAPDR_E_NETWORK, "the server is busy",
                       {.retryable = SAPDR_RETRY_YES, .details = {{"http_status", "503"}}});
  });
  CHECK(own.code() == SAPDR_E_NETWORK);
  CHECK(own.retryable() == SAPDR_RETRY_YES);
  REQUIRE(own.cause());
  CHECK(own.cause()->detail("http_status") == "503");

  const sapdr::error other = fail_with([] { throw std::runtime_error("a defect"); });
  CHECK(other.code() == SAPDR_E_CALLBACK);
  CHECK(std::string(other.what()).find("a defect") != std::string::npos);
  CHECK(fail_with([] { throw 42; }).code() == SAPDR_E_CALLBACK);
  CHECK(fail_with([] { throw std::bad_alloc(); }).code() == SAPDR_E_NO_MEMORY);
}

TEST_CASE("hpp: an error with a cause") {
  const sapdr::error cause(SAPDR_E_IO, "the disk clicked");
  const sapdr::error error(SAPDR_E_NETWORK, "no answer", {.cause = &cause});
  CHECK(error.retryable() == SAPDR_RETRY_NEVER);
  REQUIRE(error.cause());
  CHECK(std::string(error.cause()->what()) == "the disk clicked");
}

TEST_CASE("hpp: a storage that fails for a moment is asked again") {
  shelf on;
  on.retry = true;
  std::vector<std::string> messages;
  const sapdr::context ctx(
      {.on_log = [&](const sapdr::log_record& told) { messages.emplace_back(told.message); }});
  sapdr::backend backend = backend_on(ctx, on);
  int calls = 0;
  on.before = [&](const std::string&) {
    if (++calls == 1) throw sapdr::error(SAPDR_E_NETWORK, "the server is busy");
  };
  CHECK_FALSE(backend.exists(pack));
  CHECK(calls == 2);
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].find("the server is busy") != std::string::npos);
}

TEST_CASE("hpp: storage in Azure") {
  const sapdr::context ctx;
  const std::string url = "https://acct.blob.core.windows.net/backups";
  const sapdr::backend azure(ctx, url + "?sp=r&sig=secret", {.connections = 5});
  CHECK(azure.location() == url);
  CHECK(azure.max_parallel() == 5);
  try {
    const sapdr::backend both(ctx, url, {.account_key = "c2VjcmV0", .sas = "sp=r&sig=secret"});
    FAIL("two secrets at once");
  } catch (const sapdr::error& error) {
    CHECK(error.code() == SAPDR_E_INVALID_ARGUMENT);
    CHECK(std::string(error.what()).find("give one") != std::string::npos);
  }
}

TEST_CASE("hpp: decorators") {
  const sapdr::context ctx;
  const sapdr::backend memory(ctx, "memory:");
  sapdr::backend broken = memory.with_fault({.fail_at = 2, .status = SAPDR_E_NO_SPACE});
  CHECK_FALSE(broken.exists(pack));
  CHECK(error_of([&] { broken.exists(pack); }).code() == SAPDR_E_NO_SPACE);
  sapdr::backend healed =
      memory.with_fault({.calls = SAPDR_CALL_SAVE, .probability = 0.5, .seed = 3})
          .with_retry({.max_attempts = 50, .min_wait = std::chrono::nanoseconds(1)});
  healed.save(pack, {});
  sapdr::backend dry = memory.with_dry_run();
  dry.erase(pack);
  CHECK_FALSE(dry.exists(pack));
  CHECK(memory.with_limit({.upload = 1000}).exists(pack));
  CHECK(error_of([&] { memory.with_fault({.probability = 2}); }).code() ==
        SAPDR_E_INVALID_ARGUMENT);

  // A whole backup through flaky storage.
  sapdr::backend flaky = memory.with_fault({.probability = 0.2, .seed = 11})
                             .with_limit({.upload = 1 << 30, .download = 1 << 30})
                             .with_retry({.min_wait = std::chrono::microseconds(10)});
  auto repo = sapdr::repository::init(
      ctx, flaky, {.password = "secret", .scrypt_n = 2, .scrypt_r = 1, .scrypt_p = 1});
  CHECK(repo.backup_streams({stream_of("/x", "content")}, {.verify = true}).state ==
        SAPDR_BACKUP_VERIFIED);
  CHECK(repo.check({.read_data = true}).problems == 0);
}

TEST_CASE("hpp: doctor") {
  const sapdr::context ctx;
  const std::vector<sapdr::finding> unknown = sapdr::doctor({ctx, "memory:"});
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0].severity == SAPDR_SEVERITY_UNKNOWN);
  CHECK(unknown[0].code == "storage");
  CHECK(unknown[0].object == "memory:");

  const std::filesystem::path folder = "open to all";
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  const sapdr::backend storage(ctx, folder);
  const auto findings = sapdr::doctor(storage, {.duty = SAPDR_DUTY_RESTORE});
  CHECK(std::any_of(findings.begin(), findings.end(), [](const sapdr::finding& each) {
    return each.code == "folder-mode" && each.severity == SAPDR_SEVERITY_DANGER;
  }));
  const sapdr::error unsafe = error_of([&] { sapdr::doctor(storage, {.must_be_safe = true}); });
  CHECK(unsafe.code() == SAPDR_E_UNSAFE);
  CHECK(std::string(unsafe.what()).find("chmod") != std::string::npos);
  std::filesystem::remove(folder);
}
