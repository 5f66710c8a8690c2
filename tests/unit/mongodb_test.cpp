// What of MongoDB needs no server: names of files, what is meant by a filter, records, and the
// timeline that is made of them. The rest is in tests/interop.
#include <algorithm>

#include "component/mongodb/capture_record.hpp"
#include "component/mongodb/deployment.hpp"
#include "component/mongodb/namespaces.hpp"
#include "component/streams/stream_source.hpp"
#include "engine_support.hpp"
#include "operation/mongodb_timeline.hpp"

using namespace sapdr::test;
using namespace sapdr::core::mongodb;

namespace {

CaptureRecord record(uint32_t consistent, uint32_t last) {
  CaptureRecord made;
  made.identity = {.replica_set = "rs",
                   .replica_set_id = "0123456789abcdef01234567",
                   .server_version = "6.0.5",
                   .feature_compatibility_version = "6.0"};
  made.begin = {consistent - 1, 7};
  made.consistent = {consistent, 1};
  made.last = {last, 2};
  made.oplog_entries = 12;
  made.oplog_bytes = 3456;
  made.collections = {
      {"shop", "orders \"new\"", "00112233445566778899aabbccddeeff", "collection", 3, 99},
      {"shop", "recent", "", "view", 0, 0}};
  return made;
}

struct Fixture {
  RepositoryPtr repository = make_repository(std::make_shared<TestBackend>());
  UnixNs time = 1'700'000'000'000'000'000;

  // A snapshot of MongoDB with this file in it.
  Id store(const std::string& json, const std::string& folder = "/mongodb/rs") {
    LazyStreams streams;
    streams.paths = {folder};
    streams.next = [&, is_told = false]() mutable -> std::optional<NamedStream> {
      if (std::exchange(is_told, true)) return std::nullopt;
      NamedStream stream;
      stream.path = folder + "/" + record_file;
      stream.read = [&json, at = size_t{0}](ByteSpan out) mutable {
        const size_t size = std::min(out.size(), json.size() - at);
        std::memcpy(out.data(), json.data() + at, size);
        at += size;
        return size;
      };
      return stream;
    };
    Progress progress;
    const RepositoryLock lock(*repository, LockMode::shared, progress,
                              {.wait_before_recheck = std::chrono::nanoseconds(0)});
    repository->load_index(progress);
    BackupOptions options;
    options.time = time += 1'000'000'000;
    BackupResult result;
    backup(*repository, lock, *make_stream_source(std::move(streams)), options, result, progress);
    return result.snapshot.value();
  }
  Id store(const CaptureRecord& made) { return store(record_json(made)); }

  std::vector<MongodbHistory> timeline() {
    Progress progress;
    repository->load_index(progress);
    return mongodb_timeline(*repository, progress);
  }
};

}  // namespace

TEST_CASE("mongodb: files are named as mongodump names them") {
  CHECK(file_stem("orders") == "orders");
  CHECK(file_stem("a-b_c.d~e") == "a-b_c.d~e");
  CHECK(file_stem("x y/%$\n") == "x+y%2F%25%24%0A");
  CHECK(file_stem("é") == "%C3%A9");
  CHECK(file_stem(std::string(238, 'a')) == std::string(238, 'a'));
  // As Python's urllib, hashlib and base64 have it.
  std::string name = "x y/";
  std::string encoded = "x+y%2F";
  for (int i = 0; i < 120; ++i) name += "é", encoded += "%C3%A9";
  CHECK(file_stem(name) == encoded.substr(0, 208) + "%243lHlXg_ctHEBiAWeg1ZfI1kmF4M");
}

TEST_CASE("mongodb: a filter names databases or collections") {
  const NamespaceFilter all;
  CHECK(all.matches("shop", "orders"));
  const NamespaceFilter some{{"shop", "log.2026*"}, {"shop.tmp_?", "shop.[ab]"}};
  CHECK(some.matches("shop", "orders"));
  CHECK(some.matches("log", "2026.11"));
  CHECK(!some.matches("log", "2025.11"));
  CHECK(!some.matches("shopping", "orders"));
  CHECK(!some.matches("shop", "tmp_1"));
  CHECK(some.matches("shop", "tmp_12"));
  CHECK(!some.matches("shop", "a"));
  CHECK(some.matches("shop", "c"));
}

TEST_CASE("mongodb: a record comes back as it was") {
  CaptureRecord made = record(100, 200);
  made.filter = {{"shop"}, {"shop.tmp*"}};
  const std::string json = record_json(made);
  const CaptureRecord read = parse_record(json, "record");
  CHECK(record_json(read) == json);
  CHECK(read.collections.size() == 2);
  CHECK(read.collections[0].name == "orders \"new\"");
  CHECK(read.last == OplogTime{200, 2});
  CHECK(are_of_one_history(read, made));

  CaptureRecord standalone;
  standalone.identity.server_version = "6.0.5";
  const CaptureRecord again = parse_record(record_json(standalone), "record");
  CHECK(!again.identity.has_oplog());
  CHECK(again.folder() == "standalone");
}

TEST_CASE("mongodb: records that cannot be") {
  const auto failure = [](const std::string& json) {
    return code_of([&] { parse_record(json, "record"); });
  };
  CHECK(failure("") == Code::corrupt);
  CHECK(failure("[]") == Code::corrupt);
  CHECK(failure("{}") == Code::unsupported);
  CHECK(failure(R"({"format":2})") == Code::unsupported);
  CHECK(failure(R"({"format":1,"last":3})") == Code::corrupt);
  CHECK(failure(R"({"format":1,"last":{"t":-1}})") == Code::corrupt);
  CHECK(failure(R"({"format":1,"last":{"t":4294967296}})") == Code::corrupt);
  CHECK(failure(R"({"format":1,"collections":[{"db":"a"}]})") == Code::corrupt);
  CHECK(failure(record_json(record(200, 100))) == Code::corrupt);
}

TEST_CASE("mongodb: a connection string that is none is not repeated") {
  const ContextPtr context = test_context();
  const Error error = error_of([&] { Deployment(context, "mongodb://me:hidden-word@host:port"); });
  CHECK(error.code() == Code::invalid_argument);
  CHECK(error.message().find("hidden-word") == std::string::npos);
  const Deployment deployment(context, "mongodb://me:hidden-word@127.0.0.1:1,localhost:2/?w=1");
  CHECK(deployment.hosts() == "127.0.0.1:1,localhost:2");
}

TEST_CASE_FIXTURE(Fixture, "mongodb: ranges that touch are one, others have gaps between them") {
  const Id first = store(record(100, 200));
  const Id second = store(record(100, 300));
  const Id third = store(record(290, 400));
  const Id behind_gap = store(record(500, 600));
  const auto histories = timeline();
  REQUIRE(histories.size() == 1);
  const MongodbHistory& history = histories.front();
  CHECK(history.identity.replica_set == "rs");
  REQUIRE(history.ranges.size() == 2);
  CHECK(history.ranges[0].from == OplogTime{100, 1});
  CHECK(history.ranges[0].to == OplogTime{400, 2});
  CHECK(history.ranges[0].snapshots == std::vector<Id>{first, second, third});
  CHECK(history.ranges[1].from == OplogTime{500, 1});
  CHECK(history.ranges[1].snapshots == std::vector<Id>{behind_gap});
}

TEST_CASE_FIXTURE(Fixture,
                  "mongodb: other deployments and other filters have histories of their own") {
  store(record(100, 200));
  CaptureRecord other = record(200, 300);
  other.identity.replica_set_id = "another";
  store(other);
  CaptureRecord part = record(200, 300);
  part.filter.includes = {"shop"};
  store(part);
  CaptureRecord standalone;
  standalone.identity.server_version = "6.0.5";
  const Id undated = store(record_json(standalone), "/mongodb/standalone");
  const auto histories = timeline();
  REQUIRE(histories.size() == 4);
  CHECK(histories[3].ranges.empty());
  CHECK(histories[3].undated == std::vector<Id>{undated});
  const auto latest = latest_mongodb_snapshot(*repository, record(1, 2));
  REQUIRE(latest);
  CHECK(latest->record.last == OplogTime{200, 2});
  part.filter.includes = {"elsewhere"};
  CHECK(!latest_mongodb_snapshot(*repository, part));
}

TEST_CASE_FIXTURE(Fixture,
                  "mongodb: what cannot be read is left out, and the one before is the latest") {
  const Id good = store(record(100, 200));
  store("{\"format\":1,\"last\":");
  store("{\"format\":99}");
  back_up(*repository, {{"/mongodb/rs/x", "no record"}});
  const auto histories = timeline();
  REQUIRE(histories.size() == 1);
  CHECK(histories[0].ranges[0].snapshots == std::vector<Id>{good});
  const auto latest = latest_mongodb_snapshot(*repository, record(1, 2));
  REQUIRE(latest);
  CHECK(latest->snapshot.id == good);
}
