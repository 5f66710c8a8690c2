#include "net/azure/token_keeper.hpp"

#include <condition_variable>
#include <set>
#include <thread>
#include <utility>

#include "base/cancel.hpp"
#include "identity_support.hpp"

using namespace sapdr::test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// Gives "1", "2", … or fails; may be held up.
class CountingIssuer final : public TokenIssuer {
 public:
  explicit CountingIssuer(const Machine& machine) : now_(machine.now) {}

  std::string name() const override { return "a counter"; }
  IssuedToken issue(const std::string&) override {
    std::unique_lock lock(mutex_);
    ++waiting;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !is_held; });
    --waiting;
    if (failure_once) throw Error(*std::exchange(failure_once, std::nullopt));
    if (failure) throw Error(*failure);
    if (!same) ++count;
    IssuedToken issued;
    issued.token =
        AccessToken(std::to_string(count), now_->load() + seconds_to_live * 1'000'000'000);
    if (refresh_after != 0) issued.refresh = now_->load() + refresh_after * 1'000'000'000;
    return issued;
  }

  void hold() {
    const std::lock_guard lock(mutex_);
    is_held = true;
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting > 0; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    is_held = false;
    changed_.notify_all();
  }

  // Set while nobody asks, or is held.
  std::optional<Error> failure;
  std::optional<Error> failure_once;
  bool same = false;
  int count = 0;
  int waiting = 0;
  bool is_held = false;
  int64_t seconds_to_live = 3600;
  int64_t refresh_after = 0;

 private:
  const std::shared_ptr<std::atomic<UnixNs>> now_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct Fixture {
  Machine machine;
  std::shared_ptr<CountingIssuer> issuer = std::make_shared<CountingIssuer>(machine);
  TokenCredentialPtr credential = keep_tokens(machine.tools.context, issuer);

  std::string get(const std::string& refused = {}) {
    return credential->token(storage_scope, refused).secret;
  }
};

const Error away(Code::network, "nobody answers", Retry::maybe);

}  // namespace

TEST_CASE("token keeper: a token is kept until five minutes before its end") {
  Fixture f;
  CHECK(f.get() == "1");
  f.machine.pass(minutes(54));
  CHECK(f.get() == "1");
  f.machine.pass(minutes(1));
  CHECK(f.get() == "2");
  CHECK(f.credential->token("https://vault.azure.net/.default").secret == "3");
  CHECK(f.get() == "2");
}

TEST_CASE("token keeper: a short one until half its life, or as its issuer says") {
  Fixture f;
  f.issuer->seconds_to_live = 60;
  CHECK(f.get() == "1");
  f.machine.pass(seconds(29));
  CHECK(f.get() == "1");
  f.machine.pass(seconds(1));
  f.issuer->seconds_to_live = 24 * 3600;
  f.issuer->refresh_after = 12 * 3600;
  CHECK(f.get() == "2");
  f.machine.pass(std::chrono::hours(12) - seconds(1));
  CHECK(f.get() == "2");
  f.machine.pass(seconds(1));
  CHECK(f.get() == "3");
}

TEST_CASE("token keeper: a refused token is replaced, once") {
  Fixture f;
  CHECK(f.get() == "1");
  CHECK(f.get("1") == "2");
  CHECK(f.get("1") == "2");  // another thread that had the old one
  CHECK(f.get() == "2");
}

TEST_CASE("token keeper: an issuer that repeats a refused token is told") {
  Fixture f;
  CHECK(f.get() == "1");
  f.issuer->same = true;
  const Error error = error_of([&] { f.get("1"); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message().find("a counter") != std::string::npos);
  CHECK(code_of([&] { f.get(); }) == Code::auth);
  f.issuer->same = false;
  CHECK(f.get() == "2");
}

TEST_CASE("token keeper: a token that has expired is not given") {
  Fixture f;
  f.issuer->seconds_to_live = -1;
  const Error error = error_of([&] { f.get(); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message().find("clock") != std::string::npos);
}

TEST_CASE("token keeper: a failed renewal does no harm while the old token is good") {
  Fixture f;
  CHECK(f.get() == "1");
  f.issuer->failure = away;
  f.machine.pass(minutes(56));
  CHECK(f.get() == "1");
  CHECK(f.machine.log->back().find("nobody answers") != std::string::npos);
  f.issuer->failure.reset();
  CHECK(f.get() == "1");  // not at once again
  f.machine.pass(seconds(30));
  CHECK(f.get() == "2");
  f.issuer->failure = away;
  f.machine.pass(minutes(60));
  CHECK(code_of([&] { f.get(); }) == Code::network);
}

TEST_CASE("token keeper: many threads, one request") {
  Fixture f;
  f.issuer->hold();
  std::mutex mutex;
  std::multiset<std::string> got;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const std::string token = f.get();
      const std::lock_guard lock(mutex);
      got.insert(token);
    });
  }
  f.issuer->wait_until_asked();
  f.issuer->let_go();
  for (std::thread& each : threads) each.join();
  CHECK(got.count("1") == 8);
  CHECK(f.issuer->count == 1);
}

TEST_CASE("token keeper: while one thread renews, others go on with the old token") {
  Fixture f;
  CHECK(f.get() == "1");
  f.machine.pass(minutes(56));
  f.issuer->hold();
  std::string renewed;
  std::thread renewer([&] { renewed = f.get(); });
  f.issuer->wait_until_asked();
  CHECK(f.get() == "1");
  f.issuer->let_go();
  renewer.join();
  CHECK(renewed == "2");
  CHECK(f.get() == "2");
}

TEST_CASE("token keeper: who waits gets the failure, and the next one tries anew") {
  Fixture f;
  f.issuer->hold();
  std::vector<Code> codes(4, Code::ok);
  std::vector<std::thread> threads;
  for (Code& code : codes) threads.emplace_back([&] { code = code_of([&] { f.get(); }); });
  f.issuer->wait_until_asked();
  f.issuer->failure = away;
  f.issuer->let_go();
  for (std::thread& each : threads) each.join();
  for (const Code code : codes) CHECK(code == Code::network);
  f.issuer->failure.reset();
  CHECK(f.get() == "1");
}

TEST_CASE("token keeper: a cancelled renewal is taken over by who waits") {
  Fixture f;
  f.issuer->hold();
  Code first = Code::ok;
  std::thread renewer([&] { first = code_of([&] { f.get(); }); });
  f.issuer->wait_until_asked();
  std::string token;
  std::thread waiter([&] { token = f.get(); });
  f.issuer->failure_once = Error(Code::cancelled, "cancelled");
  f.issuer->let_go();
  renewer.join();
  waiter.join();
  CHECK(first == Code::cancelled);
  CHECK(token == "1");
}

TEST_CASE("token keeper: who waits can be cancelled") {
  Fixture f;
  f.issuer->hold();
  std::thread renewer([&] { f.get(); });
  f.issuer->wait_until_asked();
  Cancel cancel;
  cancel.trigger();
  {
    const CancelScope scope(&cancel);
    CHECK(code_of([&] { f.get(); }) == Code::cancelled);
  }
  f.issuer->let_go();
  renewer.join();
}

TEST_CASE("token keeper: what is not found is never a missing object to storage") {
  Fixture f;
  f.issuer->failure = Error(Code::not_found, "no such file");
  const Error error = error_of([&] { f.get(); });
  CHECK(error.code() == Code::auth);
  CHECK(error.message() == "no such file");
  REQUIRE(error.cause() != nullptr);
}

TEST_CASE("token keeper: scopes are plain") {
  Fixture f;
  for (const char* scope : {"", "--help", "a b", "https://x/\n", "a;b"}) {
    CAPTURE(scope);
    CHECK(code_of([&] { f.credential->token(scope); }) == Code::invalid_argument);
  }
}
