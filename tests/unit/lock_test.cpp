#include "format/lock.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

// Made with Go from the fields of restic's lock.
const std::string restic_lock =
    R"({"time":"2026-11-23T01:02:03.123456789+01:00","exclusive":true,"hostname":"h\u003cost",)"
    R"("username":"root","pid":4711,"uid":1000,"gid":100})";

Code code_of_parse(std::string_view text) {
  return code_of([&] { parse_lock(text, "lock 0123abcd"); });
}

}  // namespace

TEST_CASE("lock: what restic writes is read and written again byte for byte") {
  const LockInfo lock = parse_lock(restic_lock, "test");
  CHECK(lock.time == 1795392123123456789);
  CHECK(lock.exclusive);
  CHECK(lock.hostname == "h<ost");
  CHECK(lock.username == "root");
  CHECK(lock.pid == 4711);
  CHECK(lock.uid == 1000);
  CHECK(lock.gid == 100);
  CHECK(lock_json(lock) == restic_lock);
}

TEST_CASE("lock: of the user with number 0") {
  LockInfo lock;
  lock.hostname = "h";
  CHECK(lock_json(lock) ==
        R"({"time":"1970-01-01T01:00:00+01:00","exclusive":false,"hostname":"h","username":"",)"
        R"("pid":0})");
  CHECK(parse_lock(lock_json(lock), "test").uid == 0);
}

TEST_CASE("lock: rejects one without a time, and hostile numbers") {
  CHECK(code_of_parse("{}") == Code::corrupt);
  CHECK(code_of_parse(R"({"time":null})") == Code::corrupt);
  CHECK(code_of_parse(R"({"time":"2026-11-23T01:02:03Z"})") == Code::ok);
  CHECK(code_of_parse(R"({"time":"2026-11-23T01:02:03Z","pid":9223372036854775807})") == Code::ok);
  CHECK(code_of_parse(R"({"time":"2026-11-23T01:02:03Z","pid":9223372036854775808})") ==
        Code::corrupt);
  CHECK(code_of_parse(R"({"time":"2026-11-23T01:02:03Z","pid":-1})") == Code::corrupt);
  CHECK(code_of_parse(R"({"time":"2026-11-23T01:02:03Z","uid":4294967296})") == Code::corrupt);
}

TEST_CASE("lock: survives damage") {
  survive_damage(restic_lock, [](const std::string& text) { parse_lock(text, "test"); });
}
