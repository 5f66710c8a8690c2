#include "backend_suite.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../support/errors.hpp"
#include "base/error.hpp"

namespace sapdr::test {

using namespace sapdr::core;

namespace {

std::string name_of(char digit) {
  return std::string(64, digit);
}

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

const std::vector<FileType> all_types = {FileType::config,   FileType::key,   FileType::lock,
                                         FileType::snapshot, FileType::index, FileType::pack,
                                         FileType::verified};

FileName file_of(FileType type, char digit = 'a') {
  return {type, type == FileType::config ? "" : name_of(digit)};
}

std::map<std::string, uint64_t> listed(Backend& backend, FileType type) {
  std::map<std::string, uint64_t> found;
  backend.list(type, [&](const ObjectInfo& object) {
    CHECK_MESSAGE(found.emplace(object.name, object.size).second, "told twice: ", object.name);
  });
  return found;
}

void whole_or_not_at_all(const BackendFactory& open) {
  const BackendPtr backend = open(false);
  const FileName file = file_of(FileType::pack);
  const std::string content(3 << 20, 'x');
  std::atomic<bool> done = false;
  std::atomic<int> partial = 0;
  std::thread reader([&] {
    while (!done) {
      backend->list(FileType::pack, [&](const ObjectInfo& object) {
        if (object.size != content.size()) ++partial;
      });
      std::string found = content;
      const Code code = code_of([&] { found = content_of(*backend, file); });
      if (found != content || (code != Code::ok && code != Code::not_found)) ++partial;
    }
  });
  for (int round = 0; round < 5; ++round) {
    backend->save(file, as_bytes(content));
    backend->erase(file);
  }
  backend->save(file, as_bytes(content));
  done = true;
  reader.join();
  CHECK(partial == 0);
  CHECK(content_of(*backend, file) == content);
}

void one_saver_wins(const BackendFactory& open) {
  const BackendPtr backend = open(false);
  for (int round = 0; round < 8; ++round) {
    const FileName file = file_of(FileType::index, static_cast<char>('0' + round));
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::atomic<char> winner = 0;
    std::vector<std::thread> savers;
    for (const char which : {'p', 'q'}) {
      savers.emplace_back([&, which] {
        const Code code =
            code_of([&] { backend->save(file, as_bytes(std::string(100'000, which))); });
        if (code == Code::ok) {
          ++won;
          winner = which;
        }
        if (code == Code::exists) ++lost;
      });
    }
    for (std::thread& saver : savers) saver.join();
    REQUIRE(won == 1);
    REQUIRE(lost == 1);
    REQUIRE(content_of(*backend, file) == std::string(100'000, winner));
  }
}

void many_threads(const BackendFactory& open) {
  const BackendPtr backend = open(false);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (const char digit : {'1', '2', '3', '4'}) {
    threads.emplace_back([&, digit] {
      const std::string content(50'000, digit);
      for (const FileType type : {FileType::pack, FileType::snapshot, FileType::lock}) {
        const FileName file = file_of(type, digit);
        const Code code = code_of([&] {
          backend->save(file, as_bytes(content));
          if (!backend->exists(file)) ++wrong;
          if (content_of(*backend, file) != content) ++wrong;
          uint64_t seen = 0;
          backend->list(type, [&](const ObjectInfo& object) { seen += object.name == file.name; });
          if (seen != 1) ++wrong;
          backend->erase(file);
        });
        if (code != Code::ok) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

void hostile_names(Backend& backend) {
  const std::vector<std::string> names = {"",
                                          "config",
                                          "..",
                                          "../config",
                                          "/etc/passwd",
                                          name_of('a').substr(1),
                                          name_of('a') + "a",
                                          name_of('A'),
                                          "../" + name_of('a').substr(3),
                                          name_of('a').substr(1) + "/",
                                          name_of('a').substr(1) + std::string(1, '\0')};
  std::byte one{};
  for (const std::string& name : names) {
    CAPTURE(name);
    const FileName file{FileType::key, name};
    CHECK(code_of([&] { backend.save(file, {}); }) == Code::invalid_argument);
    CHECK(code_of([&] { backend.load(file, 0, {&one, 1}); }) == Code::invalid_argument);
    CHECK(code_of([&] { backend.size_of(file); }) == Code::invalid_argument);
    CHECK(code_of([&] { backend.exists(file); }) == Code::invalid_argument);
    CHECK(code_of([&] { backend.erase(file); }) == Code::invalid_argument);
  }
  CHECK(code_of([&] {
          backend.save({FileType::config, name_of('a')}, {});
        }) == Code::invalid_argument);
}

}  // namespace

std::string content_of(Backend& backend, const FileName& file) {
  const Bytes data = backend.load_all(file, 1U << 30);
  return std::string(as_text(data));
}

void test_backend(const BackendFactory& open, std::chrono::milliseconds tick) {
  SUBCASE("create is fine if the place is there already") {
    const BackendPtr backend = open(false);
    backend->save(file_of(FileType::config), as_bytes("c"));
    backend->create();
    CHECK(content_of(*backend, file_of(FileType::config)) == "c");
  }
  SUBCASE("what was saved is found, loaded, listed and erased, whatever type it is") {
    const BackendPtr backend = open(false);
    for (const FileType type : all_types) {
      const FileName file = file_of(type);
      CAPTURE(to_string(file));
      CHECK_FALSE(backend->exists(file));
      CHECK(listed(*backend, type).empty());
      const std::string content = std::string("content of ") + to_string(type);
      backend->save(file, as_bytes(content));
      CHECK(backend->exists(file));
      CHECK(backend->size_of(file) == content.size());
      CHECK(content_of(*backend, file) == content);
      CHECK(listed(*backend, type) == std::map<std::string, uint64_t>{{file.name, content.size()}});
    }
    for (const FileType type : all_types) {
      const FileName file = file_of(type);
      CAPTURE(to_string(file));
      backend->erase(file);
      CHECK_FALSE(backend->exists(file));
      CHECK(listed(*backend, type).empty());
    }
  }
  SUBCASE("an empty object is an object") {
    const BackendPtr backend = open(false);
    backend->save(file_of(FileType::snapshot), {});
    CHECK(backend->size_of(file_of(FileType::snapshot)) == 0);
    CHECK(backend->load_all(file_of(FileType::snapshot), 0).empty());
    CHECK(backend->load_all(file_of(FileType::snapshot), 1 << 20).empty());
  }
  SUBCASE("the whole of an object is loaded up to a limit") {
    const BackendPtr backend = open(false);
    const FileName file = file_of(FileType::index);
    CHECK(code_of([&] { backend->load_all(file, 3); }) == Code::not_found);
    backend->save(file, as_bytes("12345"));
    CHECK(code_of([&] { backend->load_all(file, 4); }) == Code::corrupt);
    CHECK(code_of([&] { backend->load_all(file, 0); }) == Code::corrupt);
    CHECK(as_text(backend->load_all(file, 5)) == "12345");
    CHECK(as_text(backend->load_all(file, UINT64_MAX)) == "12345");
  }
  SUBCASE("an object is written whole or not at all: a reader sees nothing or all of it") {
    whole_or_not_at_all(open);
  }
  SUBCASE("when save returns, another handle to the storage sees the object") {
    const BackendPtr backend = open(false);
    backend->save(file_of(FileType::pack), as_bytes("data"));
    if (const BackendPtr other = open(true)) {
      CHECK(content_of(*other, file_of(FileType::pack)) == "data");
    }
  }
  SUBCASE("saving under a name that exists fails with exists and leaves the object as it is") {
    const BackendPtr backend = open(false);
    for (const FileType type : all_types) {
      const FileName file = file_of(type);
      backend->save(file, as_bytes("first"));
      CHECK(code_of([&] { backend->save(file, as_bytes("second")); }) == Code::exists);
      CHECK(code_of([&] { backend->save(file, as_bytes("first")); }) == Code::exists);
      CHECK(content_of(*backend, file) == "first");
      CHECK(listed(*backend, type).size() == 1);
    }
  }
  SUBCASE("of two threads that save one name at once, exactly one wins") {
    one_saver_wins(open);
  }
  SUBCASE("load fills its buffer from any place of the object") {
    const BackendPtr backend = open(false);
    const FileName file = file_of(FileType::pack);
    std::string content;
    for (int i = 0; i < 100'000; ++i) content += std::to_string(i);
    backend->save(file, as_bytes(content));
    for (const size_t offset : {size_t{0}, size_t{1}, size_t{4096}, content.size() - 1}) {
      Bytes part(std::min<size_t>(content.size() - offset, 70'000));
      backend->load(file, offset, part);
      CHECK(as_text(part) == content.substr(offset, part.size()));
    }
    backend->load(file, content.size(), {});
  }
  SUBCASE("a range that ends past the object is corrupt") {
    const BackendPtr backend = open(false);
    const FileName file = file_of(FileType::index);
    backend->save(file, as_bytes("12345"));
    const auto load = [&](uint64_t offset, size_t size) {
      Bytes out(size);
      return code_of([&] { backend->load(file, offset, out); });
    };
    CHECK(load(0, 5) == Code::ok);
    CHECK(load(0, 6) == Code::corrupt);
    CHECK(load(5, 1) == Code::corrupt);
    CHECK(load(6, 0) == Code::corrupt);
    CHECK(load(UINT64_MAX, 1) == Code::corrupt);
    CHECK(load(UINT64_MAX - 2, 5) == Code::corrupt);
  }
  SUBCASE("load, size_of and erase of a missing object are not_found, exists is false") {
    const BackendPtr backend = open(false);
    for (const FileType type : all_types) {
      const FileName file = file_of(type);
      CAPTURE(to_string(file));
      Bytes out(1);
      CHECK(code_of([&] { backend->load(file, 0, out); }) == Code::not_found);
      CHECK(code_of([&] { backend->size_of(file); }) == Code::not_found);
      CHECK(code_of([&] { backend->erase(file); }) == Code::not_found);
      CHECK_FALSE(backend->exists(file));
    }
  }
  SUBCASE("list tells each object once") {
    const BackendPtr backend = open(false);
    std::map<std::string, uint64_t> expected;
    for (size_t i = 0; i < 32; ++i) {
      const char digit = "0123456789abcdef"[i % 16];
      std::string name = name_of(digit);
      if (i >= 16) name.back() = digit == '0' ? '1' : '0';
      expected.emplace(name, i);
      backend->save({FileType::pack, name}, bytes_of(std::string(i, 'x')));
    }
    CHECK(listed(*backend, FileType::pack) == expected);
  }
  SUBCASE("list goes on when objects come or go meanwhile, and its callback may use the backend") {
    const BackendPtr backend = open(false);
    for (const char digit : {'1', '2', '3'}) {
      backend->save(file_of(FileType::lock, digit), as_bytes("x"));
    }
    std::set<std::string> told;
    backend->list(FileType::lock, [&](const ObjectInfo& object) {
      told.emplace(object.name);
      if (told.size() > 1) return;
      backend->save(file_of(FileType::lock, '4'), as_bytes("y"));
      for (const char digit : {'1', '2', '3'}) {
        if (object.name != name_of(digit)) backend->erase(file_of(FileType::lock, digit));
      }
    });
    CHECK(told.size() >= 1);
    CHECK(listed(*backend, FileType::lock).size() == 2);
  }
  SUBCASE("modification times come from one clock") {
    const BackendPtr backend = open(false);
    std::map<std::string, UnixNs, std::less<>> modified;
    for (const char digit : {'1', '2'}) {
      backend->save(file_of(FileType::lock, digit), as_bytes("x"));
      std::this_thread::sleep_for(tick);
    }
    backend->list(FileType::lock, [&](const ObjectInfo& object) {
      modified.emplace(object.name, object.modified);
    });
    REQUIRE(modified.size() == 2);
    const bool is_told = modified[name_of('1')] != 0;
    CHECK(is_told == (modified[name_of('2')] != 0));
    // A storage that tells no times is no reason to fail; one that tells wrong ones is.
    if (is_told) CHECK(modified[name_of('1')] < modified[name_of('2')]);
  }
  SUBCASE("an exception of the callback ends the list") {
    const BackendPtr backend = open(false);
    backend->save(file_of(FileType::key), as_bytes("x"));
    CHECK(code_of([&] {
            backend->list(FileType::key,
                          [](const ObjectInfo&) { throw Error(Code::cancelled, "enough"); });
          }) == Code::cancelled);
  }
  SUBCASE("all members may be called from any thread at the same time") {
    many_threads(open);
  }
  SUBCASE("messages name the object") {
    const BackendPtr backend = open(false);
    for (const FileType type : all_types) {
      try {
        backend->size_of(file_of(type));
        FAIL("found what is not there");
      } catch (const Error& error) {
        const std::string expected = type == FileType::config ? "config" : name_of('a');
        CHECK(error.message().find(expected) != std::string::npos);
      }
    }
    CHECK_FALSE(backend->location().empty());
    CHECK(backend->max_parallel() > 0);
  }
  SUBCASE("no name leads out of the storage") {
    hostile_names(*open(false));
  }
}

}  // namespace sapdr::test
