#include "format/snapshot.hpp"

#include "support.hpp"

using namespace sapdr::test;

namespace {

// Made with Go from the fields of restic 0.19.
const std::string full =
    R"({"time":"2026-11-23T01:02:03.123456789+01:00","parent":"0101010101010101010101010101)"
    R"(010101010101010101010101010101010101","tree":"02020202020202020202020202020202020202)"
    R"(02020202020202020202020202","paths":["/a\u003cb","/\ufffd"],"hostname":"host","usern)"
    R"(ame":"user","uid":1000,"gid":100,"excludes":["*.o"],"tags":["x","y"],"original":"030)"
    R"(3030303030303030303030303030303030303030303030303030303030303","program_version":"sa)"
    R"(pdr 0.1","summary":{"backup_start":"1970-01-01T01:00:00.000000001+01:00","backup_end)"
    R"(":"1970-01-01T01:00:00.000000002+01:00","files_new":3,"files_changed":4,"files_unmod)"
    R"(ified":5,"dirs_new":6,"dirs_changed":7,"dirs_unmodified":8,"data_blobs":9,"tree_blob)"
    R"(s":10,"data_added":11,"data_added_packed":12,"total_files_processed":13,"total_bytes)"
    R"(_processed":14}})";

// The least that restic 0.14 writes.
const std::string least =
    R"({"time":"1970-01-01T01:00:00+01:00","tree":"0202020202020202020202020202020202020202)"
    R"(020202020202020202020202","paths":[]})";

Id id_of(int byte) {
  Id id;
  id.bytes.fill(std::byte(byte));
  return id;
}

Snapshot random_snapshot(Random& random) {
  Snapshot snapshot;
  snapshot.time = static_cast<UnixNs>(random.number());
  snapshot.tree = random.id();
  if (random.below(2) == 0) snapshot.parent = random.id();
  if (random.below(2) == 0) snapshot.original = random.id();
  for (auto* texts : {&snapshot.paths, &snapshot.excludes, &snapshot.tags}) {
    for (uint64_t n = random.below(4); n > 0; --n) texts->push_back(random.text(20));
  }
  for (auto* text : {&snapshot.hostname, &snapshot.username, &snapshot.program_version}) {
    *text = random.text(20);
  }
  snapshot.uid = random.number32();
  snapshot.gid = random.number32();
  if (random.below(2) == 0) {
    snapshot.summary.emplace();
    snapshot.summary->backup_end = static_cast<UnixNs>(random.number());
    snapshot.summary->data_added = random.number();
    snapshot.summary->files_new = random.number();
  }
  return snapshot;
}

Code code_of_parse(std::string_view text) {
  return code_of([&] { parse_snapshot(text, "snapshot 0123abcd"); });
}

}  // namespace

TEST_CASE("snapshot: every field, as restic writes it") {
  const Snapshot snapshot = parse_snapshot(full, "test");
  CHECK(snapshot.id.is_null());
  CHECK(snapshot.time == 1795392123123456789);
  CHECK(snapshot.parent == id_of(1));
  CHECK(snapshot.tree == id_of(2));
  CHECK(snapshot.paths == std::vector<std::string>{"/a<b", "/\xef\xbf\xbd"});
  CHECK(snapshot.hostname == "host");
  CHECK(snapshot.username == "user");
  CHECK(snapshot.uid == 1000);
  CHECK(snapshot.gid == 100);
  CHECK(snapshot.excludes == std::vector<std::string>{"*.o"});
  CHECK(snapshot.tags == std::vector<std::string>{"x", "y"});
  CHECK(snapshot.original == id_of(3));
  CHECK(snapshot.program_version == "sapdr 0.1");
  REQUIRE(snapshot.summary.has_value());
  CHECK(snapshot.summary->backup_start == 1);
  CHECK(snapshot.summary->backup_end == 2);
  CHECK(snapshot.summary->files_new == 3);
  CHECK(snapshot.summary->total_bytes_processed == 14);
  std::string expected = full;  // what could not be read back as it was is written as it was read
  expected.replace(expected.find("\\ufffd"), 6, "\xef\xbf\xbd");
  CHECK(snapshot_json(snapshot) == expected);
}

TEST_CASE("snapshot: what is empty is not written, but for paths") {
  const Snapshot snapshot = parse_snapshot(least, "test");
  CHECK_FALSE(snapshot.parent.has_value());
  CHECK_FALSE(snapshot.summary.has_value());
  CHECK(snapshot_json(snapshot) == least);
}

TEST_CASE("snapshot: a path that is not UTF-8 is written as Go does") {
  Snapshot snapshot = parse_snapshot(least, "test");
  snapshot.paths = {"/\xff"};
  CHECK(snapshot_json(snapshot).find(R"("paths":["/\ufffd"])") != std::string::npos);
}

TEST_CASE("snapshot: random ones come back") {
  Random random;
  for (int i = 0; i < 200; ++i) {
    const std::string text = snapshot_json(random_snapshot(random));
    REQUIRE(snapshot_json(parse_snapshot(text, "test")) == text);
  }
}

TEST_CASE("snapshot: members that are unknown or null do not matter") {
  std::string text = least;
  text.insert(1, R"("future":{"a":[1.5,null]},"parent":null,"summary":null,"tags":null,)");
  CHECK(snapshot_json(parse_snapshot(text, "test")) == least);
}

TEST_CASE("snapshot: rejects what is no snapshot") {
  const std::string tree = "\"tree\":\"" + Id().hex() + "\"";
  const std::string time = "\"time\":\"2026-11-23T01:02:03Z\"";
  CHECK(code_of_parse("{" + tree + "," + time + "}") == Code::ok);
  CHECK(code_of_parse("{" + tree + "}") == Code::corrupt);
  CHECK(code_of_parse("{" + time + "}") == Code::corrupt);
  CHECK(code_of_parse("{" + time + ",\"tree\":null}") == Code::corrupt);
  CHECK(code_of_parse("{" + time + ",\"tree\":\"00\"}") == Code::corrupt);
  for (const char* member :
       {R"("paths":"/")", R"("paths":[1])", R"("tags":{})", R"("uid":-1)", R"("gid":4294967296)",
        R"("summary":[])", R"("parent":"x")", R"("summary":{"data_added":18446744073709551616})"}) {
    CAPTURE(member);
    CHECK(code_of_parse("{" + tree + "," + time + "," + member + "}") == Code::corrupt);
  }
}

TEST_CASE("snapshot: survives damage") {
  survive_damage(full, [](const std::string& text) { parse_snapshot(text, "test"); });
}
