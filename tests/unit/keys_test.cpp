#include "repository/keys.hpp"

#include <algorithm>

#include "engine_support.hpp"

using namespace sapdr::test;

namespace {

constexpr ScryptCost cheap{.n = 2, .r = 1, .p = 1};

NewKey new_key(std::string_view password) {
  return {.password = secret(password), .cost = cheap};
}

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;

  RepositoryPtr open(std::string_view password) {
    OpenSettings settings;
    settings.password = secret(password);
    return Repository::open(test_context(), backend, settings);
  }
  bool opens(std::string_view password) {
    const Code code = code_of([&] { open(password); });
    CHECK((code == Code::ok || code == Code::auth));
    return code == Code::ok;
  }
  template <class Action>
  auto locked(Action action, LockMode mode = LockMode::exclusive) {
    const RepositoryLock lock(*repository, mode, progress,
                              {.wait_before_recheck = std::chrono::nanoseconds(0)});
    return action(lock);
  }
  Id add(std::string_view password) {
    return locked([&](const auto& lock) { return add_key(*repository, lock, new_key(password)); });
  }
  Code remove(const Id& id) {
    return code_of([&] { locked([&](const auto& lock) { remove_key(*repository, lock, id); }); });
  }
  Id change(std::string_view password) {
    return locked(
        [&](const auto& lock) { return change_password(*repository, lock, new_key(password)); });
  }
  FileName file(const Id& id) { return {FileType::key, id.hex()}; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "keys: the repository knows which one it was opened with") {
  CHECK(repository->key_id().hex() == backend->names(FileType::key).at(0));
  const Id second = add("second");
  CHECK(open("second")->key_id() == second);
  CHECK(open(test_password)->key_id() == repository->key_id());
}

TEST_CASE_FIXTURE(Fixture, "keys: an added one opens the same repository") {
  add("second");
  CHECK(open("second")->config().id == repository->config().id);
  CHECK(as_text(master_key_json(open("second")->key())) ==
        as_text(master_key_json(repository->key())));
  CHECK(opens(test_password));
  CHECK_FALSE(opens("third"));
}

TEST_CASE_FIXTURE(Fixture, "keys: the list tells origin, age and which is current") {
  NewKey key = new_key("second");
  key.host = "ship";
  key.user = "captain \"x\"";
  const Id second =
      locked([&](const auto& lock) { return add_key(*repository, lock, key); }, LockMode::shared);
  const std::vector<KeyInfo> keys = list_keys(*repository);
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].id == repository->key_id());
  CHECK(keys[0].is_current);
  CHECK_FALSE(keys[0].host.empty());
  CHECK(keys[1].id == second);
  CHECK_FALSE(keys[1].is_current);
  CHECK(keys[1].host == "ship");
  CHECK(keys[1].user == "captain \"x\"");
  CHECK(keys[0].created <= keys[1].created);
  CHECK(keys[1].created <= now_ns());
  CHECK_FALSE(keys[1].damage);
}

TEST_CASE_FIXTURE(Fixture, "keys: a damaged one is listed as such and can be removed") {
  const Id second = add("second");
  SUBCASE("a bit flipped in what is not parsed") {
    backend->flip_bit(file(second), as_text(backend->content(file(second))).find("salt") + 10);
  }
  SUBCASE("truncated") {
    backend->replace(file(second), ByteView(backend->content(file(second))).first(40));
  }
  SUBCASE("empty") {
    backend->replace(file(second), {});
  }
  const std::vector<KeyInfo> keys = list_keys(*repository);
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].id == second);
  REQUIRE(keys[0].damage);
  CHECK(keys[0].damage->message().find(second.hex()) != std::string::npos);
  CHECK_FALSE(keys[1].damage);
  CHECK(remove(second) == Code::ok);
  CHECK(list_keys(*repository).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "keys: an empty password and costs that are none are refused") {
  CHECK(code_of([&] { add(""); }) == Code::invalid_argument);
  CHECK(code_of([&] { change(""); }) == Code::invalid_argument);
  NewKey odd = new_key("x");
  odd.cost.n = 1000;
  const auto add_odd = [&](const auto& lock) { add_key(*repository, lock, odd); };
  CHECK(code_of([&] { locked(add_odd); }) == Code::invalid_argument);
  CHECK(backend->names(FileType::key).size() == 1);
  CHECK(opens(test_password));
}

TEST_CASE_FIXTURE(Fixture, "keys: a removed one opens no more") {
  const Id second = add("second");
  CHECK(remove(second) == Code::ok);
  CHECK_FALSE(opens("second"));
  CHECK(opens(test_password));
  CHECK(remove(second) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "keys: the current one is never removed") {
  CHECK(remove(repository->key_id()) == Code::invalid_argument);
  add("second");
  CHECK(remove(repository->key_id()) == Code::invalid_argument);
  CHECK(opens(test_password));
}

TEST_CASE_FIXTURE(Fixture, "keys: two handles cannot remove each other's") {
  const Id first = repository->key_id();
  const Id second = add("second");
  RepositoryPtr other = open("second");
  CHECK(remove(second) == Code::ok);
  std::swap(repository, other);
  CHECK_MESSAGE(remove(first) == Code::invalid_state, "it is the last one");
  CHECK(opens(test_password));
}

TEST_CASE_FIXTURE(Fixture, "keys: nothing is removed while the current one is damaged") {
  const Id second = add("second");
  backend->flip_bit(file(repository->key_id()), 30);
  CHECK(remove(second) == Code::invalid_state);
  CHECK(opens("second"));
}

TEST_CASE_FIXTURE(Fixture, "keys: a changed password opens, the one before does not") {
  const Id old = repository->key_id();
  const Id third = add("third");
  const Id fresh = change("new");
  CHECK(repository->key_id() == fresh);
  CHECK(opens("new"));
  CHECK(opens("third"));
  CHECK_FALSE(opens(test_password));
  CHECK(remove(old) == Code::not_found);
  CHECK_MESSAGE(remove(fresh) == Code::invalid_argument, "it is the current one now");
  CHECK(remove(third) == Code::ok);
  change("newer");
  CHECK(opens("newer"));
  CHECK(backend->names(FileType::key).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "keys: the password can be changed although the old key is gone") {
  backend->erase(file(repository->key_id()));
  change("new");
  CHECK(opens("new"));
}

// From the nth change on, nothing reaches the storage any more.
TEST_CASE("keys: ended at any point, a change of the password leaves one that opens") {
  int ended = 0;
  for (int n = 0;; ++n) {
    Fixture f;
    Code code = Code::ok;
    f.locked([&](const auto& lock) {
      f.backend->before = [&, left = n](const char* call, const FileName&) mutable {
        const std::string_view name = call;
        if ((name == "save" || name == "erase") && left-- <= 0) {
          throw Error(Code::io, "killed", Retry::maybe);
        }
      };
      code = code_of([&] { change_password(*f.repository, lock, new_key("new")); });
      f.backend->before = nullptr;
    });
    const bool with_new = f.opens("new");
    const bool with_old = f.opens(test_password);
    CHECK((with_new || with_old));
    if (code == Code::ok) {
      CHECK((with_new && !with_old));
      break;
    }
    CHECK(code == Code::io);
    CHECK_MESSAGE(with_old, "the old one goes last");
    CHECK_MESSAGE(f.open(with_new ? "new" : test_password)->key_id() == f.repository->key_id(),
                  "the handle goes on with the newest key that opens");
    ++ended;
  }
  CHECK(ended == 2);
}

TEST_CASE_FIXTURE(Fixture, "keys: an old key that cannot be removed is named") {
  const Id old = repository->key_id();
  try {
    locked([&](const auto& lock) {
      backend->before = [&](const char* call, const FileName&) {
        if (std::string_view(call) == "erase") throw Error(Code::permission, "append-only");
      };
      const NewKey key = new_key("new");
      try {
        change_password(*repository, lock, key);
      } catch (...) {
        backend->before = nullptr;
        throw;
      }
    });
    FAIL("it was not told");
  } catch (const Error& error) {
    CHECK(error.code() == Code::permission);
    CHECK(error.message().find(old.short_hex()) != std::string::npos);
    REQUIRE(error.cause());
    CHECK(error.cause()->message() == "append-only");
  }
  CHECK(remove(old) == Code::ok);
  CHECK(opens("new"));
}

TEST_CASE_FIXTURE(Fixture, "keys: one that storage changed is not taken for stored") {
  const auto change_what_is_read = [&](const auto& lock) {
    backend->before = [&, done = false](const char* call, const FileName& name) mutable {
      const bool is_read_back = std::string_view(call) == "size_of" && name.type == FileType::key;
      if (!is_read_back || std::exchange(done, true)) return;
      const Bytes content = backend->content(name);
      backend->replace(name, ByteView(content).first(content.size() - 20));
    };
    const NewKey key = new_key("new");
    const Code code = code_of([&] { change_password(*repository, lock, key); });
    backend->before = nullptr;
    return code;
  };
  CHECK(locked(change_what_is_read) == Code::corrupt);
  CHECK(backend->names(FileType::key).size() == 2);
  CHECK(open(test_password)->key_id() == repository->key_id());
}
