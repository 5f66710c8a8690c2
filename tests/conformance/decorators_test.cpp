#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "../support/errors.hpp"
#include "../support/files.hpp"
#include "../support/seed.hpp"
#include "backend_suite.hpp"
#include "base/cancel.hpp"
#include "base/token_bucket.hpp"
#include "base/workers.hpp"
#include "storage/cache.hpp"
#include "storage/dry_run.hpp"
#include "storage/fault.hpp"
#include "storage/limit.hpp"
#include "storage/local.hpp"
#include "storage/memory.hpp"
#include "storage/retry.hpp"
#include "storage/secondary.hpp"
#include "table_of.hpp"

using namespace sapdr::core;
using namespace sapdr::test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

const FileName pack{FileType::pack, std::string(64, 'a')};
const FileName other{FileType::pack, std::string(64, 'b')};

struct Logged {
  std::vector<std::string> messages;
  ContextPtr context = make_context();

  bool tells(std::string_view text) const {
    return std::any_of(messages.begin(), messages.end(), [&](const std::string& message) {
      return message.find(text) != std::string::npos;
    });
  }

 private:
  ContextPtr make_context() {
    Context::Settings settings;
    settings.on_log = [this](const LogRecord& record) { messages.emplace_back(record.message); };
    return std::make_shared<const Context>(settings);
  }
};

const RetryOptions at_once{.max_elapsed = 1min, .min_wait = 1ns, .max_wait = 1ns};

// The same handle serves when another one is asked for.
BackendFactory decorated(std::function<BackendPtr(BackendPtr)> decorate) {
  return [decorate, last = BackendPtr()](bool same) mutable {
    if (!same) {
      last = decorate(open_memory());
      last->create();
    }
    return last;
  };
}

size_t count(Backend& backend) {
  size_t n = 0;
  backend.list(FileType::pack, [&](const ObjectInfo&) { ++n; });
  return n;
}

}  // namespace

TEST_CASE("retry over memory") {
  const Logged log;
  test_backend(decorated([&](BackendPtr inner) { return with_retry(log.context, inner); }));
}

TEST_CASE("retry over storage of which every third call fails") {
  const Logged log;
  // A repeated save or erase cannot know whether it was itself that saved or erased: see below.
  constexpr uint32_t calls = call_any & ~(call_save | call_erase);
  FaultOptions faults{.calls = calls, .probability = 0.3, .seed = seed()};
  SUBCASE("before it was made") {}
  SUBCASE("when its answer is lost") {
    faults.lose_answer = true;
  }
  test_backend(decorated([&](BackendPtr inner) {
    return with_retry(log.context, with_fault(log.context, inner, faults), at_once);
  }));
}

TEST_CASE("limit over memory") {
  test_backend(decorated([](BackendPtr inner) {
    return with_limit(inner, {.upload = 100'000'000, .download = 200'000'000});
  }));
}

TEST_CASE("dry run over memory") {
  test_backend(decorated([](BackendPtr inner) { return with_dry_run(inner, open_memory()); }));
}

TEST_CASE("fault over memory, while it lets all pass") {
  const Logged log;
  test_backend(decorated([&](BackendPtr inner) { return with_fault(log.context, inner, {}); }));
}

TEST_CASE("cache over memory") {
  const Logged log;
  const TempDir folder(memory_folder());
  test_backend(decorated([&](BackendPtr inner) {
    return std::make_shared<CachedBackend>(log.context, inner, CacheOptions{folder.path()},
                                           std::string(64, 'c'));
  }));
}

TEST_CASE("cache over a local folder, with another handle that has it, too") {
  const Logged log;
  const TempDir folder(memory_folder());
  int n = 0;
  test_backend([&](bool same) {
    if (!same) ++n;
    const BackendPtr inner = open_local(folder / ("repo" + std::to_string(n)));
    if (!same) inner->create();
    return std::make_shared<CachedBackend>(log.context, inner, CacheOptions{folder / "cache"},
                                           std::string(64, 'c'));
  });
}

TEST_CASE("all decorators over memory") {
  const Logged log;
  const TempDir folder(memory_folder());
  test_backend(decorated([&](BackendPtr inner) {
    inner = with_dry_run(inner, open_memory());
    inner = with_fault(log.context, inner,
                       {.calls = call_load | call_list | call_size, .probability = 0.2, .seed = 7});
    inner = with_retry(log.context, with_limit(inner, {.upload = 1 << 30}), at_once);
    return std::make_shared<CachedBackend>(log.context, inner, CacheOptions{folder.path()},
                                           std::string(64, 'c'));
  }));
}

TEST_CASE("all decorators are as far away as what they are around") {
  const Logged log;
  const TempDir folder(memory_folder());
  for (const BackendPtr& inner : {open_memory(), backend_from(table_of(open_memory()))}) {
    const BackendPtr cached = std::make_shared<CachedBackend>(
        log.context, inner, CacheOptions{folder.path()}, std::string(64, 'c'));
    for (const BackendPtr& outer :
         {with_retry(log.context, inner), with_limit(inner, {}), cached,
          with_dry_run(inner, open_memory()), with_fault(log.context, inner, {})}) {
      CHECK(outer->is_remote() == inner->is_remote());
    }
  }
}

TEST_CASE("retry: a call is made again until it succeeds, and the log counts") {
  const Logged log;
  const BackendPtr inner =
      with_fault(log.context, open_memory(), {.calls = call_save, .fail_at = 1, .fail_count = 3});
  const BackendPtr backend = with_retry(log.context, inner, at_once);
  backend->save(pack, as_bytes("x"));
  CHECK(content_of(*backend, pack) == "x");
  CHECK(log.tells("attempt 1 to save pack " + pack.name + " failed, the next one is in 0.000 s"));
  CHECK(log.tells("attempt 3 to save"));
  CHECK_FALSE(log.tells("attempt 4 to save"));
  CHECK(log.tells("could save pack " + pack.name + " at attempt 4"));
}

TEST_CASE("retry: what does not help is not done") {
  const Logged log;
  const auto attempts_for = [&](const FaultOptions& faults, const RetryOptions& options) {
    const BackendPtr backend =
        with_retry(log.context, with_fault(log.context, open_memory(), faults), options);
    const Error error = error_of([&] { backend->exists(pack); });
    CHECK(error.code() == faults.code);
    const std::string& text = error.message();  // "… (call 7, seed …)"
    return std::stoi(text.substr(text.find("(call ") + 6));
  };
  const FaultOptions always{.probability = 1, .seed = 1};
  FaultOptions permanent = always;
  permanent.retry = Retry::never;
  CHECK(attempts_for(permanent, at_once) == 1);
  RetryOptions few = at_once;
  few.max_attempts = 5;
  CHECK(attempts_for(always, few) == 5);
  CHECK(log.tells("in 5 attempts"));
  RetryOptions short_time = at_once;
  short_time.max_elapsed = 50ms;
  short_time.min_wait = short_time.max_wait = 10ms;
  const int attempts = attempts_for(always, short_time);
  CHECK(attempts >= 1);
  CHECK(attempts <= 10);  // at least 5 ms each
  FaultOptions sure = always;
  sure.retry = Retry::yes;
  CHECK(attempts_for(sure, few) == 5);
}

TEST_CASE("retry: the pause doubles, varies by half, and has an end") {
  const Logged log;
  const BackendPtr inner =
      with_fault(log.context, open_memory(), {.fail_at = 1, .fail_count = 6, .seed = 1});
  const BackendPtr backend = with_retry(log.context, inner, {.min_wait = 4ms, .max_wait = 20ms});
  const auto start = Clock::now();
  backend->exists(pack);
  // 4 + 8 + 16 + 20 + 20 + 20, less a half
  CHECK(Clock::now() - start >= 44ms);
}

TEST_CASE("retry: storage that asks for a pause gets it, if there is time for it") {
  // Busy for the first two calls.
  class Busy final : public Backend {
   public:
    explicit Busy(std::string pause) : pause_(std::move(pause)) {}
    int calls() const { return calls_; }
    std::string location() const override { return "busy"; }
    unsigned max_parallel() const override { return 1; }
    bool is_remote() const override { return true; }
    void create() override {}
    bool exists(const FileName&) override {
      if (++calls_ > 2) return true;
      throw Error(Code::network, "busy", Retry::yes).with("retry_after", pause_);
    }
    uint64_t size_of(const FileName&) override { return 0; }
    void load(const FileName&, uint64_t, ByteSpan) override {}
    void save(const FileName&, ByteView) override {}
    void list(FileType, const ObjectVisitor&) override {}
    void erase(const FileName&) override {}

   private:
    const std::string pause_;
    int calls_ = 0;
  };
  const Logged log;
  const auto start = Clock::now();
  CHECK(with_retry(log.context, std::make_shared<Busy>("1"), at_once)->exists(pack));
  CHECK(Clock::now() - start >= 2s);
  CHECK(log.tells("the next one is in 1.000 s"));
  for (const char* more_than_there_is : {"61", "99999999999999999"}) {
    const auto busy = std::make_shared<Busy>(more_than_there_is);
    const BackendPtr backend = with_retry(log.context, busy, at_once);
    CHECK(error_of([&] { backend->exists(pack); }).code() == Code::network);
    CHECK(busy->calls() == 1);
  }
  for (const char* no_number : {"", "soon", "-5"}) {
    CHECK(with_retry(log.context, std::make_shared<Busy>(no_number), at_once)->exists(pack));
  }
  CHECK(Clock::now() - start < 30s);
}

TEST_CASE("retry: what a storage did twice by itself counts as done, if it is the same") {
  // Each call goes through twice, as over a connection that broke before the answer came.
  class Twice final : public Backend {
   public:
    std::string location() const override { return "twice"; }
    unsigned max_parallel() const override { return 1; }
    bool is_remote() const override { return true; }
    void create() override {}
    bool exists(const FileName& file) override { return inner_->exists(file); }
    uint64_t size_of(const FileName& file) override { return inner_->size_of(file); }
    void load(const FileName& file, uint64_t offset, ByteSpan out) override {
      inner_->load(file, offset, out);
    }
    void save(const FileName& file, ByteView data) override {
      twice([&] { inner_->save(file, data); });
    }
    void list(FileType type, const ObjectVisitor& each) override { inner_->list(type, each); }
    void erase(const FileName& file) override {
      twice([&] { inner_->erase(file); });
    }

   private:
    void twice(const std::function<void()>& call) {
      code_of(call);
      const Error error = error_of(call);
      if (error.code() != Code::ok) throw Error(error).with("repeated", "1");
    }
    const BackendPtr inner_ = open_memory();
  };
  const Logged log;
  const BackendPtr backend = with_retry(log.context, std::make_shared<Twice>(), at_once);
  backend->save(pack, as_bytes("x"));
  CHECK(content_of(*backend, pack) == "x");
  CHECK(code_of([&] { backend->save(pack, as_bytes("y")); }) == Code::exists);
  backend->erase(pack);
  CHECK_FALSE(backend->exists(pack));
}

TEST_CASE("retry: a save whose answer was lost has succeeded if the content is the same") {
  const Logged log;
  const BackendPtr memory = open_memory();
  const FaultOptions lost{.calls = call_save, .fail_at = 1, .seed = 1, .lose_answer = true};
  const auto flaky = [&] {
    return with_retry(log.context, with_fault(log.context, memory, lost), at_once);
  };
  const std::string content(9 << 20, 'x');  // compared in parts
  flaky()->save(pack, as_bytes(content));
  CHECK(memory->size_of(pack) == content.size());

  // Somebody else was there in between, with other content.
  FaultOptions not_made = lost;
  not_made.lose_answer = false;
  const auto save_beside = [&](const std::string& theirs) {
    memory->erase(pack);
    memory->save(pack, as_bytes(theirs));
    const BackendPtr backend =
        with_retry(log.context, with_fault(log.context, memory, not_made), at_once);
    return code_of([&] { backend->save(pack, as_bytes(content)); });
  };
  CHECK(save_beside("something else") == Code::exists);
  std::string nearly = content;
  nearly.back() = 'y';
  CHECK(save_beside(nearly) == Code::exists);
}

TEST_CASE("retry: an object that is there from the first is exists, whatever it holds") {
  const Logged log;
  const BackendPtr backend = with_retry(log.context, open_memory(), at_once);
  backend->save(pack, as_bytes("x"));
  CHECK(code_of([&] { backend->save(pack, as_bytes("x")); }) == Code::exists);
}

TEST_CASE("retry: an erase whose answer was lost has succeeded") {
  const Logged log;
  const BackendPtr memory = open_memory();
  memory->save(pack, as_bytes("x"));
  const BackendPtr inner = with_fault(
      log.context, memory, {.calls = call_erase, .fail_at = 1, .seed = 1, .lose_answer = true});
  const BackendPtr backend = with_retry(log.context, inner, at_once);
  backend->erase(pack);
  CHECK_FALSE(memory->exists(pack));
  CHECK(code_of([&] { backend->erase(pack); }) == Code::not_found);
}

TEST_CASE("retry: a list that fails halfway tells each object once") {
  const Logged log;
  const BackendPtr memory = open_memory();
  memory->save(pack, as_bytes("x"));
  memory->save(other, as_bytes("y"));
  const BackendPtr inner = with_fault(
      log.context, memory,
      {.calls = call_list, .fail_at = 1, .fail_count = 2, .seed = 1, .lose_answer = true});
  CHECK(count(*with_retry(log.context, inner, at_once)) == 2);
}

TEST_CASE("retry: a cancelled operation waits no longer, on its own threads as well") {
  const Logged log;
  const FaultOptions always{.probability = 1, .seed = 1};
  const BackendPtr backend = with_retry(log.context, with_fault(log.context, open_memory(), always),
                                        {.min_wait = 1min, .max_wait = 1min});
  Cancel cancel;
  const CancelScope scope(&cancel);
  std::thread canceller([&] {
    std::this_thread::sleep_for(50ms);
    cancel.trigger();
  });
  const auto start = Clock::now();
  const Error error = error_of([&] { backend->exists(pack); });
  CHECK(error.code() == Code::cancelled);
  REQUIRE(error.cause() != nullptr);
  CHECK(error.cause()->code() == Code::network);
  canceller.join();
  Workers workers(1, 1);
  workers.submit([&] { backend->exists(pack); });
  CHECK(code_of([&] { workers.finish(); }) == Code::cancelled);
  CHECK(Clock::now() - start < 20s);
}

TEST_CASE("cancel scope: the innermost operation counts, and nothing hides an outer one") {
  Cancel outer, inner;
  CHECK(CancelScope::current() == nullptr);
  {
    const CancelScope one(&outer);
    CHECK(CancelScope::current() == &outer);
    {
      const CancelScope none(nullptr);
      CHECK(CancelScope::current() == &outer);
      const CancelScope two(&inner);
      CHECK(CancelScope::current() == &inner);
      std::thread([] { CHECK(CancelScope::current() == nullptr); }).join();
    }
    CHECK(CancelScope::current() == &outer);
  }
  CHECK(CancelScope::current() == nullptr);
}

TEST_CASE("limit: a bucket lets no more bytes pass than its rate") {
  TokenBucket bucket(1000);
  const auto start = Clock::now();
  // What was saved up is a quarter of a second; then each piece takes its time.
  CHECK(bucket.reserve(250, start) <= start);
  CHECK(bucket.reserve(500, start) == start + 500ms);
  CHECK(bucket.reserve(500, start) == start + 1s);
  CHECK(bucket.reserve(0, start) == start + 1s);
  // A pause does not save up more.
  CHECK(bucket.reserve(500, start + 1h) == start + 1h + 250ms);
  CHECK(bucket.piece() == 50);
  CHECK(TokenBucket(1).piece() == 1);
  CHECK(TokenBucket(UINT64_MAX).reserve(1 << 20, start) <= start);
}

TEST_CASE("limit: up and down have rates of their own") {
  const BackendPtr memory = open_memory();
  const std::string content(500'000, 'x');
  const auto time_of = [](auto call) {
    const auto start = Clock::now();
    call();
    return Clock::now() - start;
  };
  const BackendPtr slow_up = with_limit(memory, {.upload = 1'000'000});
  CHECK(time_of([&] { slow_up->save(pack, as_bytes(content)); }) >= 240ms);
  const BackendPtr slow_down = with_limit(memory, {.download = 1'000'000});
  CHECK(time_of([&] { content_of(*slow_down, pack); }) >= 240ms);
  const auto slow = time_of([&] { slow_down->save(other, as_bytes(content)); });
  const auto none = time_of([&] { slow_down->erase(other); });
  CHECK(std::min<Clock::duration>(slow, none) < 200ms);
}

TEST_CASE("limit: a few bytes need not wait for the many of other threads") {
  const BackendPtr backend = with_limit(open_memory(), {.upload = 2'000'000});
  std::atomic<int> big_ones = 0;
  std::vector<std::thread> threads;
  for (const char digit : {'1', '2', '3'}) {
    threads.emplace_back([&, digit] {
      backend->save({FileType::pack, std::string(64, digit)},
                    as_bytes(std::string(1'000'000, 'x')));
      ++big_ones;
    });
  }
  std::this_thread::sleep_for(100ms);
  backend->save({FileType::lock, std::string(64, '4')}, as_bytes("small"));
  CHECK(big_ones == 0);  // they take 1.3 s
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("limit: a cancelled operation waits no longer") {
  const BackendPtr backend = with_limit(open_memory(), {.upload = 1});
  Cancel cancel;
  cancel.trigger();
  const CancelScope scope(&cancel);
  CHECK(code_of([&] { backend->save(pack, as_bytes("0123456789")); }) == Code::cancelled);
  CHECK_FALSE(backend->exists(pack));
}

TEST_CASE("dry run: nothing is written to the storage behind it") {
  const BackendPtr memory = open_memory();
  memory->save(pack, as_bytes("there"));
  {
    const BackendPtr backend = with_dry_run(memory, open_memory());
    CHECK(content_of(*backend, pack) == "there");
    CHECK(code_of([&] { backend->save(pack, as_bytes("x")); }) == Code::exists);
    backend->save(other, as_bytes("new"));
    CHECK(count(*backend) == 2);
    backend->erase(pack);
    CHECK_FALSE(backend->exists(pack));
    CHECK(code_of([&] { backend->size_of(pack); }) == Code::not_found);
    CHECK(code_of([&] { backend->erase(pack); }) == Code::not_found);
    CHECK(count(*backend) == 1);
    backend->save(pack, as_bytes("other content"));
    CHECK(content_of(*backend, pack) == "other content");
    CHECK(count(*backend) == 2);
    backend->erase(pack);
    backend->erase(other);
    CHECK(count(*backend) == 0);
    CHECK(backend->location() == "memory:");
  }
  CHECK(content_of(*memory, pack) == "there");
  CHECK(count(*memory) == 1);
}

TEST_CASE("dry run: a repository at a place that does not exist") {
  const TempDir folder;
  const BackendPtr backend = with_dry_run(open_local(folder / "new"), open_memory());
  CHECK(code_of([&] { backend->list(FileType::key, {}); }) == Code::not_found);
  backend->create();
  backend->save(pack, as_bytes("x"));
  CHECK(count(*backend) == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "new"));
}

TEST_CASE("dry run: it does not tell when what it keeps was written") {
  const BackendPtr memory = open_memory();
  memory->save(pack, as_bytes("x"));
  const BackendPtr backend = with_dry_run(memory, open_memory());
  backend->save(other, as_bytes("y"));
  backend->list(FileType::pack, [](const ObjectInfo& object) {
    CHECK((object.modified != 0) == (object.name == pack.name));
  });
}

TEST_CASE("fault: the calls that were asked for fail, and no others") {
  const Logged log;
  const auto failures = [&](const FaultOptions& faults) {
    const BackendPtr backend = with_fault(log.context, open_memory(), faults);
    std::string text;
    for (int i = 0; i < 20; ++i) {
      text += code_of([&] { backend->exists(pack); }) == Code::ok ? '.' : 'F';
    }
    return text;
  };
  CHECK(failures({.fail_at = 3}) == "..F.................");
  CHECK(failures({.fail_at = 18, .fail_count = 9}) == ".................FFF");
  CHECK(failures({.calls = call_load, .probability = 1}) == "....................");
  CHECK(failures({.probability = 1}) == "FFFFFFFFFFFFFFFFFFFF");
  const std::string some = failures({.probability = 0.5, .seed = 42});
  CHECK(some == failures({.probability = 0.5, .seed = 42}));
  CHECK(some != failures({.probability = 0.5, .seed = 43}));
  CHECK(some.find('F') != std::string::npos);
  CHECK(some.find('.') != std::string::npos);
}

TEST_CASE("fault: errors name the call and the seed, which the log tells, too") {
  const Logged log;
  const BackendPtr backend = with_fault(
      log.context, open_memory(), {.fail_at = 1, .code = Code::no_space, .retry = Retry::never});
  const Error error = error_of([&] { backend->save(pack, as_bytes("x")); });
  CHECK(error.code() == Code::no_space);
  CHECK(error.retry() == Retry::never);
  const std::string text = error.message();
  CHECK(text.find("could not save pack " + pack.name + " in memory:") == 0);
  const std::string told = text.substr(text.find("seed "));
  CHECK(log.tells(told.substr(0, told.size() - 1)));
  CHECK(told != "seed 0)");
}

TEST_CASE("fault: a call whose answer is lost was made") {
  const Logged log;
  const BackendPtr memory = open_memory();
  const BackendPtr backend = with_fault(log.context, memory, {.fail_at = 1, .lose_answer = true});
  CHECK(code_of([&] { backend->save(pack, as_bytes("x")); }) == Code::network);
  CHECK(memory->exists(pack));
}

TEST_CASE("secondary over memory, whose primary is there") {
  Logged log;
  test_backend(decorated([&](BackendPtr inner) {
    return with_secondary(log.context, inner, open_memory(), [] { return "never asked"; });
  }));
  CHECK(log.messages.empty());
}

TEST_CASE("secondary: the second copy is read once the first one is away, and never written") {
  Logged log;
  const BackendPtr memory = open_memory(), copy = open_memory();
  for (const BackendPtr& each : {memory, copy}) {
    each->create();
    each->save(pack, as_bytes("data"));
  }
  memory->save(other, as_bytes("not copied yet"));
  const BackendPtr primary =
      with_fault(log.context, memory, {.calls = call_load, .fail_at = 2, .fail_count = 1});
  int asked = 0;
  const BackendPtr backend = with_secondary(log.context, primary, copy, [&] {
    ++asked;
    return "of yesterday";
  });
  Bytes out(4);
  const auto load = [&](const FileName& file) {
    return code_of([&] { backend->load(file, 0, out); });
  };
  CHECK(load(other) == Code::ok);
  CHECK_FALSE(backend->is_read_only());
  CHECK_FALSE(log.tells("second copy"));
  CHECK(load(pack) == Code::ok);
  CHECK(as_text(out) == "data");
  CHECK(backend->is_read_only());
  CHECK(log.tells("of yesterday"));
  CHECK(asked == 1);
  // The first one would be there again, but half of one and half of the other is neither.
  CHECK(load(other) == Code::not_found);
  CHECK_FALSE(backend->exists(other));
  CHECK(count(*backend) == 1);
  CHECK(asked == 1);
  CHECK(code_of([&] { backend->save(other, as_bytes("x")); }) == Code::network);
  CHECK(code_of([&] { backend->erase(pack); }) == Code::network);
  CHECK(code_of([&] { backend->create(); }) == Code::network);
  CHECK(copy->exists(pack));
  CHECK_FALSE(copy->exists(other));
}

TEST_CASE("secondary: what the first copy answers is an answer") {
  Logged log;
  const BackendPtr primary = open_memory(), copy = open_memory();
  copy->save(pack, as_bytes("data"));
  const BackendPtr backend =
      with_secondary(log.context, primary, copy, [] { return std::string(); });
  Bytes out(4);
  CHECK(code_of([&] { backend->load(pack, 0, out); }) == Code::not_found);
  CHECK_FALSE(backend->exists(pack));
  CHECK_FALSE(backend->is_read_only());
}

TEST_CASE("secondary: a store that fails does not turn to the second copy") {
  Logged log;
  const FaultOptions away{.calls = call_save | call_erase, .fail_at = 1, .fail_count = 100};
  const BackendPtr backend = with_secondary(
      log.context, with_fault(log.context, open_memory(), away), open_memory(), [] { return "x"; });
  CHECK(code_of([&] { backend->save(pack, as_bytes("data")); }) == Code::network);
  CHECK(code_of([&] { backend->erase(pack); }) == Code::network);
  CHECK_FALSE(backend->is_read_only());
}

TEST_CASE("secondary: a list that fails in the middle is told once, from one copy") {
  Logged log;
  const BackendPtr memory = open_memory(), copy = open_memory();
  memory->save(pack, as_bytes("x"));
  memory->save(other, as_bytes("x"));
  copy->save(pack, as_bytes("x"));
  const BackendPtr primary =
      with_fault(log.context, memory, {.calls = call_list, .fail_at = 1, .lose_answer = true});
  const BackendPtr backend = with_secondary(log.context, primary, copy, []() -> std::string {
    throw Error(Code::network, "nobody tells");
  });
  CHECK(count(*backend) == 1);
  CHECK(log.tells("nobody tells"));
}

TEST_CASE("secondary: where there is no second copy the failure of the first one stands") {
  Logged log;
  const BackendPtr memory = open_memory();
  memory->save(pack, as_bytes("x"));
  const FaultOptions once{.calls = call_list, .fail_at = 1, .code = Code::timeout};
  const BackendPtr backend = with_secondary(
      log.context, with_fault(log.context, memory, once), open_memory(),
      []() -> std::string { throw Error(Code::network, "no such host", Retry::maybe); });
  CHECK(code_of([&] { count(*backend); }) == Code::timeout);
  CHECK_FALSE(backend->is_read_only());
  CHECK(count(*backend) == 1);
}
