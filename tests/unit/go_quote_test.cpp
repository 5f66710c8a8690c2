#include "base/go_quote.hpp"

#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "checksum/sha256.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

// What strconv.Quote of Go 1.26 gives, without the quotes.
const std::pair<std::string, const char*> quoted[] = {
    {S(""), ""},
    {S("plain.txt"), "plain.txt"},
    {S("sp ace"), "sp ace"},
    {S("a\"b"), "a\\\"b"},
    {S("back\\slash"), "back\\\\slash"},
    {S("tab\011"), "tab\\t"},
    {S("nl\012"), "nl\\n"},
    {S("\007\010\014\013\015"), "\\a\\b\\f\\v\\r"},
    {S("\000\001\037\177"), "\\x00\\x01\\x1f\\x7f"},
    {S("<>&"), "<>&"},
    {S("'"), "'"},
    {S("\377\376"), "\\xff\\xfe"},
    {S("ok\303"), "ok\\xc3"},
    {S("\303\251"), "\303\251"},
    {S("e\314\201"), "e\314\201"},
    {S("\302\240"), "\\u00a0"},
    {S("\302\255"), "\\u00ad"},
    {S("\342\200\250\342\200\251"), "\\u2028\\u2029"},
    {S("\342\200\215\342\200\213"), "\\u200d\\u200b"},
    {S("\357\273\277"), "\\ufeff"},
    {S("\357\277\275"), "\357\277\275"},
    {S("\355\240\200"), "\\xed\\xa0\\x80"},
    {S("\364\220\200\200"), "\\xf4\\x90\\x80\\x80"},
    {S("\300\257"), "\\xc0\\xaf"},
    {S("\360\237\230\200"), "\360\237\230\200"},
    {S("\363\240\200\201"), "\\U000e0001"},
    {S("\364\217\277\277"), "\\U0010ffff"},
    {S("\356\200\200"), "\\ue000"},
    {S("\346\227\245\346\234\254\350\252\236"), "\346\227\245\346\234\254\350\252\236"},
    {S("a\314\200"), "a\314\200"},
    {S("\315\270"), "\\u0378"},
    {S("\360\237\253\250"), "\360\237\253\250"},
    {S("\360\240\200\200"), "\360\240\200\200"},
    {S("\\x41"), "\\\\x41"},
    {S("%2F"), "%2F"},
    {S("\342\200"), "\\xe2\\x80"},
    {S("\302\205"), "\\u0085"},
};

// What strconv.Unquote accepts between quotes, though Quote does not write it.
const std::pair<std::string, std::string> unquoted[] = {
    {S("'"), S("'")},
    {S("\\x4F"), S("O")},
    {S("\\u00e9"), S("\303\251")},
    {S("\\U0001F600"), S("\360\237\230\200")},
    {S("\\101"), S("A")},
    {S("\\377"), S("\377")},
    {S("\\\""), S("\"")},
    {S("\377"), S("\357\277\275")},
    {S("a\377\\n"), S("a\357\277\275\012")},
    {S("\011"), S("\011")},
    {S("\\a\\b\\f\\n\\r\\t\\v\\\\"), S("\007\010\014\012\015\011\013\\")},
    {S("\015"), S("\015")},
};

const std::string malformed[] = {
    S("\\'"),     S("\""),          S("\012"),  S("\\"),   S("\\x4"), S("\\x4g"),
    S("\\ud800"), S("\\U00110000"), S("\\400"), S("\\18"), S("\\q"),
};

template <class Function>
void for_each_rune(Function function) {
  for (char32_t rune = 0; rune <= 0x10ffff; ++rune) {
    if (rune < 0xd800 || rune > 0xdfff) function(rune);
  }
}

}  // namespace

TEST_CASE("go_quote: as Go quotes") {
  for (const auto& [bytes, expected] : quoted) {
    CHECK(go_quote(bytes) == expected);
    CHECK(go_unquote(expected) == bytes);
  }
}

TEST_CASE("go_quote: every character as Go quotes it") {
  Sha256 hash;
  for_each_rune([&](char32_t rune) {
    std::string text;
    append_rune(text, rune);
    hash.update(as_bytes(go_quote(text)));
  });
  CHECK(hash.finish().hex() == "8c11395bd2ad837e596fc6a6221d15d65e18daea42febdd373235b13666d44e2");
}

TEST_CASE("go_quote: broken UTF-8 as Go quotes it") {
  Sha256 hash;
  Splitmix mix(0);
  const std::string bytes =
      S("\x00\x7f\xc0\xc2\xdf\xe0\xe2\xed\xef\xf0\xf4\xf5\x80\x8f\x90\x9f\xa0\xa8\xa9\xbf\xff\"\\<'"
        "a");
  for (int i = 0; i < 20000; ++i) {
    std::string name(mix.next() % 12, '\0');
    for (char& c : name) c = bytes[mix.next() % bytes.size()];
    const std::string text = go_quote(name);
    hash.update(as_bytes(text));
    REQUIRE(go_unquote(text) == name);
  }
  CHECK(hash.finish().hex() == "0d7cde4548584db07a3f3e886b41baafdaf7c21516424cf28e0b6ca8564f7818");
}

TEST_CASE("is_printable: as strconv.IsPrint") {
  Sha256 hash;
  for_each_rune([&](char32_t rune) {
    const std::byte bit{is_printable(rune)};
    hash.update({&bit, 1});
  });
  CHECK(hash.finish().hex() == "6807be73edc48385d4751b3a6fa6998cfd2d5709b54f67f0740b6f45f18a3f5c");
}

TEST_CASE("go_unquote: other escapes that Go accepts") {
  for (const auto& example : unquoted) {
    CAPTURE(example.first);
    CHECK(go_unquote(example.first) == example.second);
  }
}

TEST_CASE("go_unquote: rejects what Go rejects") {
  for (const std::string& text : malformed) {
    CAPTURE(text);
    CHECK(code_of([&] { go_unquote(text); }) == Code::corrupt);
  }
}

TEST_CASE("go_quote: random names come back") {
  Random random;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = random.name(40);
    REQUIRE(go_unquote(go_quote(name)) == name);
  }
}

TEST_CASE("go_unquote: survives damage") {
  survive_damage(R"(a\x41\xff\u00e9\U0001f600\"\\\a\101)",
                 [](const std::string& text) { go_unquote(text); });
}
