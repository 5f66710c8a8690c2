// Against Azurite, which tests/services/azurite.py starts: it names endpoint and key.
#include "storage/azure_blob/azure_blob.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../support/errors.hpp"
#include "backend_suite.hpp"
#include "base/encoding.hpp"
#include "storage/open.hpp"
#include "storage/retry.hpp"

using namespace sapdr::core;
using namespace sapdr::test;

namespace {

const ContextPtr context = std::make_shared<const Context>(Context::Settings{});

std::string endpoint() {
  const char* given = std::getenv("SAPDR_TEST_BLOB_ENDPOINT");
  REQUIRE_MESSAGE(given != nullptr, "run this by tests/services/azurite.py");
  return given;
}

std::string new_container() {
  std::array<std::byte, 8> name;
  context->random(name);
  return "c" + to_hex(name);
}

BackendPtr new_backend(const std::string& prefix = "/some/prefix") {
  const BackendPtr backend = open_azure_blob(context, endpoint() + "/" + new_container() + prefix);
  backend->create();
  return backend;
}

// The name of an object that ends in a number.
std::string numbered(size_t number) {
  std::string name = std::to_string(number);
  return std::string(64 - name.size(), '0') + name;
}

SecretBytes secret(std::string_view text) {
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

}  // namespace

TEST_CASE("azure_blob") {
  std::string place;
  test_backend(
      [&](bool same) {
        if (!same) place = endpoint() + "/" + new_container() + "/a%20b/%C3%BC";
        const BackendPtr backend = open_azure_blob(context, place);
        if (!same) backend->create();
        return backend;
      },
      std::chrono::milliseconds(1100));
}

TEST_CASE("azure_blob: a list of several pages tells each object once") {
  const BackendPtr backend = new_backend();
  constexpr size_t objects = 5'003;  // a page has 5000
  std::atomic<size_t> next = 0;
  std::vector<std::thread> savers;
  for (int i = 0; i < 8; ++i) {
    savers.emplace_back([&] {
      for (size_t number = next++; number < objects; number = next++) {
        backend->save({FileType::index, numbered(number)}, {});
      }
    });
  }
  for (std::thread& saver : savers) saver.join();
  std::multiset<std::string> told;
  backend->list(FileType::index, [&](const ObjectInfo& object) { told.emplace(object.name); });
  CHECK(told.size() == objects);
  CHECK(std::set<std::string>(told.begin(), told.end()).size() == objects);
}

TEST_CASE(
    "azure_blob: of two clients that upload the same pack at once one wins, and it is whole") {
  const std::string place = endpoint() + "/" + new_container();
  open_azure_blob(context, place)->create();
  const FileName pack{FileType::pack, numbered(7)};
  const std::string content(20'000'000, 'x');
  std::array<Code, 2> ends{};
  std::vector<std::thread> clients;
  for (Code& end : ends) {
    clients.emplace_back([&] {
      const BackendPtr own = with_retry(context, open_azure_blob(context, place));
      end = code_of([&] { own->save(pack, as_bytes(content)); });
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(std::count(ends.begin(), ends.end(), Code::ok) == 1);
  CHECK(std::count(ends.begin(), ends.end(), Code::exists) == 1);
  CHECK(content_of(*open_azure_blob(context, place), pack) == content);
}

TEST_CASE("azure_blob: prefixes of one container are repositories apart, also one below another") {
  const std::string container = endpoint() + "/" + new_container();
  const FileName key{FileType::key, numbered(1)};
  std::vector<BackendPtr> backends;
  for (const char* prefix : {"", "/a", "/a/b", "/keys", "/a/keys"}) {
    backends.push_back(open_azure_blob(context, container + prefix));
  }
  backends.front()->create();
  for (const BackendPtr& backend : backends) {
    CHECK_FALSE(backend->exists(key));
    backend->save(key, as_bytes(backend->location()));
    size_t told = 0;
    backend->list(FileType::key, [&](const ObjectInfo& object) {
      CHECK(object.name == key.name);
      ++told;
    });
    CHECK(told == 1);
  }
  for (const BackendPtr& backend : backends)
    CHECK(content_of(*backend, key) == backend->location());
}

TEST_CASE("azure_blob: without its container nothing is there, and messages say so") {
  const BackendPtr backend = open_azure_blob(context, endpoint() + "/" + new_container());
  const FileName config{FileType::config, ""};
  CHECK_FALSE(backend->exists(config));
  CHECK(code_of([&] { backend->size_of(config); }) == Code::not_found);
  CHECK(code_of([&] { backend->erase(config); }) == Code::not_found);
  CHECK(code_of([&] { backend->list(FileType::key, [](const ObjectInfo&) {}); }) ==
        Code::not_found);
  CHECK(code_of([&] { backend->list(FileType::config, [](const ObjectInfo&) {}); }) ==
        Code::not_found);
  const Error error = error_of([&] { backend->save(config, as_bytes("x")); });
  CHECK(error.code() == Code::not_found);
  CHECK(error.message().find("init creates it") != std::string::npos);
  CHECK(error.detail("request_id") != nullptr);
}

TEST_CASE("azure_blob: a wrong key is refused, and not shown") {
  AzureBlobOptions options;
  options.account_key = secret("d3Jvbmc=");
  const BackendPtr backend = open_azure_blob(context, endpoint() + "/" + new_container(), options);
  const Error error = error_of([&] { backend->create(); });
  const bool is_refusal = error.code() == Code::permission || error.code() == Code::auth;
  CHECK(is_refusal);
  CHECK(error.retry() == Retry::never);
  CHECK(error.message().find("d3Jvbmc") == std::string::npos);
}

TEST_CASE("azure_blob: by open, with retries, and large objects") {
  const BackendPtr backend = open_backend(context, endpoint() + "/" + new_container() + "/x");
  backend->create();
  std::string content(64 << 20, '\0');
  for (size_t i = 0; i < content.size(); i += 4096) content[i] = static_cast<char>(i >> 12);
  const FileName pack{FileType::pack, numbered(7)};
  backend->save(pack, as_bytes(content));
  CHECK(content_of(*backend, pack) == content);
  CHECK(code_of([&] { backend->save(pack, as_bytes(content)); }) == Code::exists);
  Bytes middle(5 << 20);
  backend->load(pack, 33 << 20, middle);
  CHECK(as_text(middle) == content.substr(33 << 20, 5 << 20));
}
