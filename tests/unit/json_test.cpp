#include "base/json.hpp"

#include <boost/json/array.hpp>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "checksum/sha256.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

// What json.Marshal of Go 1.26 gives.
const std::pair<std::string, const char*> marshalled[] = {
    {S(""), "\"\""},
    {S("plain.txt"), "\"plain.txt\""},
    {S("sp ace"), "\"sp ace\""},
    {S("a\"b"), "\"a\\\"b\""},
    {S("back\\slash"), "\"back\\\\slash\""},
    {S("tab\011"), "\"tab\\t\""},
    {S("nl\012"), "\"nl\\n\""},
    {S("\007\010\014\013\015"), "\"\\u0007\\b\\f\\u000b\\r\""},
    {S("\000\001\037\177"), "\"\\u0000\\u0001\\u001f\177\""},
    {S("<>&"), "\"\\u003c\\u003e\\u0026\""},
    {S("'"), "\"'\""},
    {S("\377\376"), "\"\\ufffd\\ufffd\""},
    {S("ok\303"), "\"ok\\ufffd\""},
    {S("\303\251"), "\"\303\251\""},
    {S("e\314\201"), "\"e\314\201\""},
    {S("\302\240"), "\"\302\240\""},
    {S("\302\255"), "\"\302\255\""},
    {S("\342\200\250\342\200\251"), "\"\\u2028\\u2029\""},
    {S("\342\200\215\342\200\213"), "\"\342\200\215\342\200\213\""},
    {S("\357\273\277"), "\"\357\273\277\""},
    {S("\357\277\275"), "\"\357\277\275\""},
    {S("\355\240\200"), "\"\\ufffd\\ufffd\\ufffd\""},
    {S("\364\220\200\200"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    {S("\300\257"), "\"\\ufffd\\ufffd\""},
    {S("\360\237\230\200"), "\"\360\237\230\200\""},
    {S("\363\240\200\201"), "\"\363\240\200\201\""},
    {S("\364\217\277\277"), "\"\364\217\277\277\""},
    {S("\356\200\200"), "\"\356\200\200\""},
    {S("\346\227\245\346\234\254\350\252\236"), "\"\346\227\245\346\234\254\350\252\236\""},
    {S("a\314\200"), "\"a\314\200\""},
    {S("\315\270"), "\"\315\270\""},
    {S("\360\237\253\250"), "\"\360\237\253\250\""},
    {S("\360\240\200\200"), "\"\360\240\200\200\""},
    {S("\\x41"), "\"\\\\x41\""},
    {S("%2F"), "\"%2F\""},
    {S("\342\200"), "\"\\ufffd\\ufffd\""},
    {S("\302\205"), "\"\302\205\""},
};

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

Code code_of_read(std::string_view text, void (*read)(const JsonReader&)) {
  return code_of([&] {
    const auto value = parse_json(text, "test");
    read(JsonReader(value, "test"));
  });
}

}  // namespace

TEST_CASE("json string: as Go marshals") {
  for (const auto& [text, expected] : marshalled) CHECK(json_string(text) == expected);
}

TEST_CASE("json string: every character as Go marshals it") {
  Sha256 hash;
  for (char32_t rune = 0; rune <= 0x10ffff; ++rune) {
    if (rune >= 0xd800 && rune <= 0xdfff) continue;
    std::string text;
    append_rune(text, rune);
    hash.update(as_bytes(json_string(text)));
  }
  CHECK(hash.finish().hex() == "ae60d92d4a9b4235a6f5ea70184746cedbaeecb65acceddc189a7038327a975a");
}

TEST_CASE("json string: broken UTF-8 as Go marshals it") {
  Sha256 hash;
  Splitmix mix(0);
  const std::string bytes =
      S("\x00\x7f\xc0\xc2\xdf\xe0\xe2\xed\xef\xf0\xf4\xf5\x80\x8f\x90\x9f\xa0\xa8\xa9\xbf\xff\"\\<'"
        "a");
  for (int i = 0; i < 20000; ++i) {
    std::string text(mix.next() % 12, '\0');
    for (char& c : text) c = bytes[mix.next() % bytes.size()];
    hash.update(as_bytes(json_string(text)));
  }
  CHECK(hash.finish().hex() == "4d1b600d9d0ecc42f0f74e30456bd858cd6c3df2e5fb4b4cf9820f3ae847e804");
}

TEST_CASE("json: random text comes back") {
  Random random;
  for (int i = 0; i < 500; ++i) {
    const std::string text = random.text(40);
    const auto value = parse_json("[" + json_string(text) + "]", "test");
    REQUIRE(json_text(value.as_array()[0], "test") == text);
  }
}

TEST_CASE("parse_json: rejects what is not one JSON value") {
  for (const char* text : {"", " ", "{", "}", "{}{}", "{} x", "[1,]", "{\"a\":}", "nul", "01", "1.",
                           "\"\xff\"", "\"\\ud800\"", "\"\n\"", "'a'", "// c\n{}", "NaN"}) {
    CAPTURE(text);
    CHECK(code_of([&] { parse_json(text, "test"); }) == Code::corrupt);
  }
}

TEST_CASE("parse_json: nesting is limited") {
  CHECK(code_of([] { parse_json(std::string(30, '[') + std::string(30, ']'), "test"); }) ==
        Code::ok);
  CHECK(code_of([] { parse_json(std::string(1'000'000, '['), "test"); }) == Code::corrupt);
}

TEST_CASE("parse_json: the error names the object on one line") {
  try {
    parse_json("{\"a\"\n", "snapshot 0123abcd");
    FAIL("no exception");
  } catch (const Error& e) {
    CHECK(e.message().starts_with("snapshot 0123abcd is not valid JSON"));
    CHECK(e.message().find('\n') == std::string::npos);
  }
}

TEST_CASE("json reader: typed members and fallbacks") {
  const auto value = parse_json(
      R"({"t":"x","n":18446744073709551615,"m":4294967295,"b":true,"a":[1],"z":null,
          "i":"00000000000000000000000000000000000000000000000000000000000000ff",
          "d":"1970-01-01T00:00:01Z","r":"AP8=","unknown":{"deep":[{}]}})",
      "test");
  const JsonReader json(value, "test");
  CHECK(json.text("t") == "x");
  CHECK(json.text("z", "fallback") == "fallback");
  CHECK(json.text("missing") == "");
  CHECK(json.number("n") == std::numeric_limits<uint64_t>::max());
  CHECK(json.number("missing", 7) == 7);
  CHECK(json.number32("m") == std::numeric_limits<uint32_t>::max());
  CHECK(json.boolean("b"));
  CHECK_FALSE(json.boolean("z"));
  CHECK(json.array("a")->size() == 1);
  CHECK(json.array("z") == nullptr);
  CHECK(json.member("z") == nullptr);
  CHECK(json.id("i").short_hex() == "00000000");
  CHECK_FALSE(json.optional_id("z").has_value());
  CHECK(json.time("d") == 1'000'000'000);
  CHECK(json.time("z") == 0);
  CHECK(as_text(json.base64("r")) == S("\0\xff"));
  CHECK(json.base64("missing").empty());
  CHECK(json.required_text("t") == "x");
}

TEST_CASE("json reader: wrong types and hostile numbers are damage") {
  using R = const JsonReader&;
  CHECK(code_of_read("[]", [](R) {}) == Code::corrupt);
  CHECK(code_of_read("1", [](R) {}) == Code::corrupt);
  CHECK(code_of_read(R"({"k":1})", [](R r) { r.text("k"); }) == Code::corrupt);
  for (const char* number : {"-1", "1.5", "1e3", "18446744073709551616", "1e400", "\"1\"", "true",
                             "-9223372036854775808", "[]"}) {
    CAPTURE(number);
    const std::string text = std::string("{\"k\":") + number + "}";
    CHECK(code_of_read(text, [](R r) { r.number("k"); }) == Code::corrupt);
  }
  CHECK(code_of_read(R"({"k":4294967296})", [](R r) { r.number32("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":1})", [](R r) { r.boolean("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":{}})", [](R r) { r.array("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":"00"})", [](R r) { r.id("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":"00"})", [](R r) { r.optional_id("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({})", [](R r) { r.id("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":"now"})", [](R r) { r.time("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":"A"})", [](R r) { r.base64("k"); }) == Code::corrupt);
  CHECK(code_of_read(R"({"k":null})", [](R r) { r.required_text("k"); }) == Code::corrupt);
}

TEST_CASE("json reader: the error names the object and the member") {
  const auto value = parse_json(R"({"k":1})", "test");
  try {
    JsonReader(value, "index 0123abcd").text("k");
    FAIL("no exception");
  } catch (const Error& e) {
    CHECK(e.message() == "index 0123abcd is damaged: \"k\" is not a string");
  }
}

TEST_CASE("json reader: of members of the same name the last one counts, as in Go") {
  const auto value = parse_json(R"({"k":"a","k":"b"})", "test");
  CHECK(JsonReader(value, "test").text("k") == "b");
}

TEST_CASE("json writer: members in order, empty ones left out where asked") {
  std::string out;
  JsonWriter json(out);
  json.text("a", "<");
  json.text_if_any("b", "");
  json.number("c", std::numeric_limits<uint64_t>::max());
  json.number_if_any("d", 0);
  json.boolean("e", false);
  json.texts("f", {});
  json.texts_if_any("g", {});
  json.texts("h", {"x", "y"});
  json.id_if_any("i", std::nullopt);
  json.base64("j", as_bytes("foo"));
  json.time("k", 0);
  json.end();
  CHECK(out ==
        R"({"a":"\u003c","c":18446744073709551615,"e":false,"f":[],"h":["x","y"],"j":"Zm9v",)"
        R"("k":"1970-01-01T01:00:00+01:00"})");
}
