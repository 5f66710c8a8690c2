#include "storage/foreign.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../support/errors.hpp"
#include "backend_suite.hpp"
#include "storage/memory.hpp"
#include "table_of.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

const std::string id(64, 'a');
const FileName pack{FileType::pack, id};

BackendFactory over_memory(void (*change)(sapdr_backend_table&)) {
  return [change, last = BackendPtr()](bool same) mutable {
    if (!same) last = open_memory();
    sapdr_backend_table table = table_of(last);
    change(table);
    return backend_from(table);
  };
}

bool contains(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

// A table with an answer of its own for each function; what is not set here is memory's.
struct Liar {
  static inline thread_local Liar* now = nullptr;

  sapdr_status status = SAPDR_OK;
  sapdr_error* error = nullptr;
  uint64_t size = 0;
  size_t loaded = 0;
  std::vector<std::optional<std::string>> names;

  sapdr_backend_table table = table_of(open_memory());

  sapdr_status answer(sapdr_error** err) const {
    *err = error;
    return status;
  }
  Liar() {
    now = this;
    table.size = [](void*, const sapdr_object*, uint64_t* told, sapdr_error** err) {
      *told = now->size;
      return now->answer(err);
    };
    table.load = [](void*, const sapdr_object*, uint64_t, void*, size_t, size_t* told,
                    sapdr_error** err) {
      *told = now->loaded;
      return now->answer(err);
    };
    table.list = [](void*, int32_t, sapdr_object_tell tell, void* told, sapdr_error** err) {
      for (const auto& name : now->names) tell(told, name ? name->c_str() : nullptr, 1, 0);
      return now->answer(err);
    };
  }
  BackendPtr backend() const { return backend_from(table); }
};

}  // namespace

TEST_CASE("foreign: a table over memory") {
  SUBCASE("with every function") {
    test_backend(over_memory([](sapdr_backend_table&) {}));
  }
  SUBCASE("with those that must be there") {
    test_backend(over_memory([](sapdr_backend_table& table) {
      table.create = nullptr;
      table.exists = nullptr;
    }));
  }
  SUBCASE("called once at a time") {
    test_backend(over_memory([](sapdr_backend_table& table) { table.max_parallel = 1; }));
  }
}

TEST_CASE("foreign: a function that is missing is refused, and `user` stays the caller's") {
  int freed = 0;
  const sapdr_backend_table good = table_of(open_memory(), &freed);
  const auto refused = [&](auto remove) {
    sapdr_backend_table table = good;
    remove(table);
    return error_of([&] { backend_from(table); }).code() == Code::invalid_argument;
  };
  CHECK(refused([](auto& table) { table.size = nullptr; }));
  CHECK(refused([](auto& table) { table.load = nullptr; }));
  CHECK(refused([](auto& table) { table.save = nullptr; }));
  CHECK(refused([](auto& table) { table.list = nullptr; }));
  CHECK(refused([](auto& table) { table.erase = nullptr; }));
  CHECK(freed == 0);
  BackendPtr backend = backend_from(good);
  CHECK(freed == 0);
  backend.reset();
  CHECK(freed == 1);
}

TEST_CASE("foreign: max_parallel is 4 unless told, and 64 at most") {
  sapdr_backend_table table = table_of(open_memory());
  const auto free = std::exchange(table.free, nullptr);
  CHECK(backend_from(table)->max_parallel() == 4);
  table.max_parallel = 7;
  CHECK(backend_from(table)->max_parallel() == 7);
  table.max_parallel = UINT32_MAX;
  table.free = free;
  CHECK(backend_from(table)->max_parallel() == 64);
}

TEST_CASE("foreign: never more calls at once than max_parallel") {
  static std::atomic<int> running, most;
  running = most = 0;
  sapdr_backend_table table = table_of(open_memory());
  table.max_parallel = 3;
  table.size = [](void*, const sapdr_object*, uint64_t*, sapdr_error**) -> sapdr_status {
    const int now = ++running;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --running;
    return SAPDR_OK;
  };
  const BackendPtr backend = backend_from(table);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) backend->size_of(pack);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most == 3);
}

TEST_CASE("foreign: the table is told type, name and restic's path") {
  static std::string seen;
  sapdr_backend_table table = table_of(open_memory());
  table.exists = [](void*, const sapdr_object* object, int32_t* exists,
                    sapdr_error**) -> sapdr_status {
    CHECK(object->struct_size == sizeof *object);
    seen =
        std::string(sapdr_object_type_name(object->type)) + " " + object->name + " " + object->path;
    *exists = 1;
    return SAPDR_OK;
  };
  const BackendPtr backend = backend_from(table);
  CHECK(backend->exists({FileType::config, ""}));
  CHECK(seen == "config  config");
  backend->exists(pack);
  CHECK(seen == "pack " + id + " data/aa/" + id);
  backend->exists({FileType::verified, id});
  CHECK(seen == "verified " + id + " sapdr/verified/" + id);
}

TEST_CASE("foreign: a failure names object and storage and keeps the table's own words") {
  Liar liar;
  const BackendPtr backend = liar.backend();
  sapdr_error_options options;
  SAPDR_INIT(&options);
  options.retryable = SAPDR_RETRY_YES;
  const char* details[] = {"http_status", "503"};
  options.details = details;
  options.n_details = 1;
  liar.status = SAPDR_E_NETWORK;
  liar.error = sapdr_error_new_with(SAPDR_E_NETWORK, "the server is busy", &options);
  const Error error = error_of([&] { backend->size_of(pack); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::yes);
  CHECK(error.message() == "could not look at pack " + id + " in table:: the server is busy");
  REQUIRE(error.cause() != nullptr);
  CHECK(error.cause()->message() == "the server is busy");
  CHECK(*error.cause()->detail("http_status") == "503");

  liar.error = nullptr;
  CHECK(error_of([&] { backend->size_of(pack); }).retry() == Retry::maybe);
  liar.status = SAPDR_E_PERMISSION;
  const Error bare = error_of([&] { backend->size_of(pack); });
  CHECK(bare.code() == Code::permission);
  CHECK(bare.retry() == Retry::never);
  CHECK(contains(bare, id));
}

TEST_CASE("foreign: an error beside a success is taken over and forgotten") {
  Liar liar;
  liar.size = 5;
  liar.error = sapdr_error_new(SAPDR_E_IO, "never mind");
  CHECK(liar.backend()->size_of(pack) == 5);
}

TEST_CASE("foreign: a status that no storage gives is refused") {
  Liar liar;
  const BackendPtr backend = liar.backend();
  for (const sapdr_status status : std::initializer_list<sapdr_status>{
           1, 7, -99, INT32_MIN, SAPDR_E_INCOMPLETE, SAPDR_E_AUTH, SAPDR_E_LOCKED, SAPDR_E_CHECKSUM,
           SAPDR_E_AMBIGUOUS, SAPDR_E_INTERNAL, SAPDR_E_NO_REPOSITORY}) {
    liar.status = status;
    const Error error = error_of([&] { backend->size_of(pack); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK(contains(error, std::to_string(status)));
    CHECK(contains(error, "table:"));
  }
}

TEST_CASE("foreign: more bytes than there is room for are refused, fewer are a short object") {
  Liar liar;
  const BackendPtr backend = liar.backend();
  Bytes out(100, std::byte{7});
  const auto load = [&](size_t loaded) {
    liar.loaded = loaded;
    return error_of([&] { backend->load(pack, 0, out); }).code();
  };
  CHECK(load(101) == Code::invalid_argument);
  CHECK(load(SIZE_MAX) == Code::invalid_argument);
  CHECK(load(99) == Code::corrupt);
  CHECK(load(0) == Code::corrupt);
  CHECK(load(100) == Code::ok);
  liar.size = UINT64_MAX;
  CHECK(error_of([&] { backend->load_all(pack, 1 << 20); }).code() == Code::corrupt);
  liar.size = 100;  // it shrinks between the two calls
  liar.loaded = 50;
  CHECK(error_of([&] { backend->load_all(pack, 1 << 20); }).code() == Code::corrupt);
}

TEST_CASE("foreign: names that are none, and an object that comes twice, are refused") {
  Liar liar;
  const BackendPtr backend = liar.backend();
  const auto list = [&](std::vector<std::optional<std::string>> names) {
    liar.names = std::move(names);
    int told = 0;
    const Error error =
        error_of([&] { backend->list(FileType::pack, [&](const ObjectInfo&) { ++told; }); });
    CHECK(told == (error.code() == Code::ok ? static_cast<int>(liar.names.size()) : 0));
    return error.code();
  };
  const std::string other(64, 'b');
  CHECK(list({}) == Code::ok);
  CHECK(list({id, other}) == Code::ok);
  CHECK(list({id, other, id}) == Code::invalid_argument);
  CHECK(list({"README"}) == Code::invalid_argument);
  CHECK(list({""}) == Code::invalid_argument);
  CHECK(list({id + "a"}) == Code::invalid_argument);
  CHECK(list({std::string(64, 'A')}) == Code::invalid_argument);
  CHECK(list({std::string(1 << 20, 'a')}) == Code::invalid_argument);
  CHECK(list({"../" + id.substr(3)}) == Code::invalid_argument);
  CHECK(list({id, std::nullopt}) == Code::invalid_argument);
  liar.names = {"", ""};
  CHECK(error_of([&] { backend->list(FileType::config, {}); }).code() == Code::invalid_argument);
}

TEST_CASE("foreign: what is wrong with a list ends it, whatever the table says then") {
  static int told;
  told = 0;
  Liar liar;
  liar.table.list = [](void*, int32_t, sapdr_object_tell tell, void* to,
                       sapdr_error** err) -> sapdr_status {
    while (tell(to, told < 3 ? std::string(64, static_cast<char>('1' + told)).c_str() : "no name",
                1, 0) == SAPDR_OK) {
      ++told;
    }
    *err = sapdr_error_new(SAPDR_E_IO, "of its own");
    return SAPDR_E_IO;
  };
  const Error error =
      error_of([&] { liar.backend()->list(FileType::lock, [](const ObjectInfo&) {}); });
  CHECK(error.code() == Code::invalid_argument);
  CHECK(contains(error, "no name"));
  CHECK(told == 3);
}

TEST_CASE("foreign: a table that tells from several threads at once") {
  sapdr_backend_table table = table_of(open_memory());
  table.list = [](void*, int32_t, sapdr_object_tell tell, void* told, sapdr_error**) {
    std::vector<std::thread> threads;
    for (const char digit : {'1', '2', '3', '4'}) {
      threads.emplace_back([=] {
        std::string name(64, digit);
        for (int i = 0; i < 100; ++i) {
          name[0] = static_cast<char>('0' + i / 10);
          name[1] = static_cast<char>('0' + i % 10);
          tell(told, name.c_str(), 1, 0);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return sapdr_status{SAPDR_OK};
  };
  size_t n = 0;
  backend_from(table)->list(FileType::pack, [&](const ObjectInfo&) { ++n; });
  CHECK(n == 400);
}

TEST_CASE("foreign: an exception of a table is an error that says so") {
  sapdr_backend_table table = table_of(open_memory());
  table.erase = [](void*, const sapdr_object*, sapdr_error** err) -> sapdr_status {
    *err = sapdr_error_new(SAPDR_E_IO, "not leaked");
    throw 42;
  };
  const BackendPtr backend = backend_from(table);
  const Error error = error_of([&] { backend->erase(pack); });
  CHECK(error.code() == Code::invalid_argument);
  CHECK(contains(error, "exception"));
  CHECK(contains(error, "erase pack " + id));
}
