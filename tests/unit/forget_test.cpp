#include "operation/forget.hpp"

#include "engine_support.hpp"

using namespace sapdr::test;

namespace {

struct Fixture {
  std::shared_ptr<TestBackend> backend = std::make_shared<TestBackend>();
  RepositoryPtr repository = make_repository(backend);
  Progress progress;

  Id add(const std::string& host, const std::string& path, UnixNs time,
         std::vector<std::string> tags = {}) {
    BackupOptions options;
    options.host = host;
    options.tags = std::move(tags);
    options.time = time;
    options.parent = "none";
    return *back_up(*repository, {{path, "x"}}, options).snapshot;
  }
  uint64_t forget(const ForgetOptions& options, const SnapshotFilter& filter = {}) {
    const auto decisions = plan_forget(*repository, filter, options);
    return run(decisions);
  }
  uint64_t run(const std::vector<ForgetDecision>& decisions) {
    const RepositoryLock lock(*repository, LockMode::shared, progress);
    std::atomic<uint64_t> removed = 0;
    run_forget(*repository, lock, decisions, removed, progress);
    return removed;
  }
  size_t left() { return backend->names(FileType::snapshot).size(); }
};

ForgetOptions keep_last(uint32_t n) {
  ForgetOptions options;
  options.policy.keep[0] = n;
  return options;
}

constexpr UnixNs day = 86'400'000'000'000;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "forget: a policy is applied to each group of host and paths") {
  for (int i = 1; i <= 3; ++i) {
    add("db1", "/a", i * day);
    add("db2", "/a", i * day);
  }
  SUBCASE("by host and paths") {
    CHECK(forget(keep_last(1)) == 4);
    CHECK(left() == 2);
  }
  SUBCASE("all together") {
    ForgetOptions options = keep_last(1);
    options.group_by = {.host = false, .paths = false, .tags = false};
    CHECK(forget(options) == 5);
  }
  SUBCASE("only those that match") {
    CHECK(forget(keep_last(1), {.hosts = {"db1"}, .tags = {}, .paths = {}}) == 2);
  }
  SUBCASE("only those with the tags of one of several lists") {
    add("db1", "/a", 4 * day, {"x", "y"});
    add("db1", "/a", 5 * day, {"y"});
    SnapshotFilter filter;
    filter.tag_lists = {{"x", "y"}, {"z"}, {""}};
    CHECK(plan_forget(*repository, filter, keep_last(1)).size() == 7);
    filter.tag_lists.pop_back();
    CHECK(plan_forget(*repository, filter, keep_last(1)).size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "forget: what is named goes, whatever a policy says") {
  const Id first = add("h", "/a", day);
  add("h", "/a", 2 * day);
  ForgetOptions options;
  options.names = {first.hex().substr(0, 12), first.hex()};
  CHECK(forget(options) == 1);
  CHECK(left() == 1);
  options.names = {"latest:/a"};
  CHECK(code_of([&] { forget(options); }) == Code::invalid_argument);
  options.names = {"0123456789ab"};
  CHECK(code_of([&] { forget(options); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "forget: without a rule, or with one that keeps nothing, nothing goes") {
  add("h", "/a", day);
  CHECK(code_of([&] { forget({}); }) == Code::invalid_argument);
  ForgetOptions options;
  options.policy.tags = {{"no such tag"}};
  CHECK(code_of([&] { forget(options); }) == Code::invalid_argument);
  CHECK(left() == 1);
  options.allow_remove_all = true;
  CHECK(forget(options) == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "forget: everything goes only if it is said of which host, tag or path") {
  add("h", "/a", day);
  add("other", "/a", day);
  ForgetOptions options;
  options.allow_remove_all = true;
  CHECK(code_of([&] { forget(options); }) == Code::invalid_argument);
  CHECK(forget(options, {.hosts = {"h"}, .tags = {}, .paths = {}}) == 1);
  CHECK(left() == 1);
}

TEST_CASE_FIXTURE(Fixture, "forget: a run that fails tells how many it removed") {
  for (int i = 1; i <= 9; ++i) add("h", "/a", i * day);
  const auto decisions = plan_forget(*repository, {}, keep_last(1));
  std::atomic<int> left = 3;
  backend->before = [&](const char* call, const FileName& file) {
    if (std::string_view(call) != "erase" || file.type != FileType::snapshot) return;
    if (left-- <= 0) throw Error(Code::io, "storage is away");
  };
  const RepositoryLock lock(*repository, LockMode::shared, progress);
  std::atomic<uint64_t> removed = 0;
  CHECK(code_of([&] { run_forget(*repository, lock, decisions, removed, progress); }) == Code::io);
  CHECK(removed == 3);
  backend->before = {};
  CHECK(this->left() == 6);
}

TEST_CASE_FIXTURE(Fixture, "forget: without locks there is a plan, but no run") {
  add("h", "/a", day);
  add("h", "/a", 2 * day);
  OpenSettings settings = open_settings();
  settings.use_locks = false;
  repository = Repository::open(test_context(), backend, settings);
  CHECK(plan_forget(*repository, {}, keep_last(1)).size() == 2);
  CHECK(code_of([&] { forget(keep_last(1)); }) == Code::invalid_state);
  CHECK(left() == 2);
}

TEST_CASE_FIXTURE(Fixture, "forget: an unreadable snapshot stops it, one that is gone does not") {
  const Id first = add("h", "/a", day);
  add("h", "/a", 2 * day);
  const auto decisions = plan_forget(*repository, {}, keep_last(1));
  backend->erase({FileType::snapshot, first.hex()});
  CHECK(run(decisions) == 1);
  backend->flip_bit({FileType::snapshot, backend->names(FileType::snapshot).front()}, 33);
  CHECK(code_of([&] { forget(keep_last(1)); }) == Code::corrupt);
  CHECK(left() == 1);
}
