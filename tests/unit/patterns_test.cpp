#include "component/files/patterns.hpp"

#include <cstdlib>
#include <ctime>

#include "../support/files.hpp"
#include "component/files/glob.hpp"
#include "support.hpp"

using namespace sapdr::test;

namespace {

PatternList list_of(const std::vector<std::string>& patterns, bool ignore_case = false) {
  PatternList list;
  for (const std::string& pattern : patterns) list.add(pattern, ignore_case);
  return list;
}

bool matches(const std::string& pattern, const std::string& path, bool is_dir = false) {
  return list_of({pattern}).matches(path, is_dir);
}

bool could_match_below(const std::string& pattern, const std::string& path) {
  return list_of({pattern}).could_match_below(path);
}

Code code_of_pattern(const std::string& pattern) {
  return code_of([&] { PatternList().add(pattern); });
}

}  // namespace

TEST_CASE("glob: one name against one pattern, as Go matches") {
  const auto match = [](const char* pattern, const char* name) {
    REQUIRE(is_valid_glob(pattern));
    return glob_matches(pattern, name);
  };
  CHECK(match("abc", "abc"));
  CHECK(match("*", "abc"));
  CHECK(match("*", ""));
  CHECK(match("*c", "abc"));
  CHECK(match("a*", "a"));
  CHECK_FALSE(match("a*", "ba"));
  CHECK(match("a*b*c*d*e*", "axbxcxdxe"));
  CHECK(match("a*b?c*x", "abxbbxdbxebxczzx"));
  CHECK_FALSE(match("a*b?c*x", "abxbbxdbxebxczzy"));
  CHECK(match("ab[c]", "abc"));
  CHECK(match("ab[b-d]", "abc"));
  CHECK_FALSE(match("ab[e-g]", "abc"));
  CHECK_FALSE(match("ab[^c]", "abc"));
  CHECK_FALSE(match("ab[^b-d]", "abc"));
  CHECK(match("ab[^e-g]", "abc"));
  CHECK(match("a\\*b", "a*b"));
  CHECK_FALSE(match("a\\*b", "ab"));
  CHECK(match("a?b", "a☺b"));
  CHECK(match("a[^a]b", "a☺b"));
  CHECK_FALSE(match("a???b", "a☺b"));
  CHECK(match("[a-ζ]*", "α"));
  CHECK_FALSE(match("*[a-ζ]", "A"));
  CHECK(match("[\\]a]", "]"));
  CHECK(match("[\\-]", "-"));
  CHECK(match("[x\\-]", "-"));
  CHECK_FALSE(match("[x\\-]", "z"));
  CHECK(match("*x", "xxx"));
  CHECK(match("?", "\xff"));  // no UTF-8: one byte is one character
  for (const char* bad :
       {"[]a]", "[-]", "[x-]", "[-x]", "[", "[^", "[^bc", "a[", "\\", "[a-b-c]"}) {
    CHECK_FALSE_MESSAGE(is_valid_glob(bad), bad);
  }
}

TEST_CASE("patterns: what matches") {
  const std::string file = "/foo/bar/test.go";
  for (const char* pattern : {"*.go",
                              "*",
                              "**",
                              "foo*",
                              "bar*",
                              "bar/*",
                              "bar/test.go",
                              "bar/*.go",
                              "ba*/*.go",
                              "test.*",
                              "/foo/*/test.*",
                              "/foo",
                              "/foo/",
                              "foo",
                              "bar",
                              "/",
                              "/**",
                              "/**/*.go",
                              "**/test.go",
                              "/foo/**",
                              "foo/**/test.go",
                              "/foo/bar/**/test.go",
                              "./bar",
                              "bar/.",
                              "/foo//bar",
                              "/x/../foo"}) {
    CHECK_MESSAGE(matches(pattern, file), pattern);
  }
  for (const char* pattern :
       {"*.c", "/bar*", "baz/*", "bb*/*.go", "tesT.*", "/foo/*test.*", "/foo/*/bar/test.*",
        "/*/*/bar/test.*", "/foo/baz", "/foo/../bar", "test.go/", "test.go/x", ".", "fo", "est.go",
        "/foo/**/x", "bar/**/foo"}) {
    CHECK_FALSE_MESSAGE(matches(pattern, file), pattern);
  }
  CHECK(matches("sdk", "/foo/bar/sdk/test/sdk_foo.go"));
  CHECK_FALSE(matches("sdk/*/cpp/*/*vars*.html", "/usr/share/sdk/docs/cpp/ref/a00517.html"));
  CHECK(matches("/*/*/baz/test.*", "/foo/bar/baz/test.go"));
  CHECK_FALSE(matches("/foo/*", "/foo", true));
}

TEST_CASE("patterns: ** stands for any number of folders") {
  for (const char* path :
       {"/home/user/foo/work/special/project/bar/test.go", "/home/user/foo/bar/test.go",
        "/foo/bar/test.go", "/foo/bar/baz/bar/test.go", "/foo/bar/main.go"}) {
    CHECK_MESSAGE(matches("foo/**/bar/*.go", path), path);
  }
  for (const char* path : {"/home/user/foo/test.c", "/bar/foo/main.go", "/bar/main.go"}) {
    CHECK_FALSE_MESSAGE(matches("foo/**/bar/*.go", path), path);
  }
  CHECK(matches("foo/**/bar", "/home/user/foo/x/y/bar/main.go"));
  CHECK(matches("foo/**/bar/**/x", "/home/user/foo/bar/x"));
  CHECK(matches("foo/**/bar/**/x", "/home/user/foo/blaaa/blaz/bar/shared/work/x"));
  CHECK_FALSE(matches("user/**/important*", "/home/user/work/x/y/hidden/x"));
  CHECK(matches("user/**/hidden*/**/c", "/home/user/work/x/y/hidden/z/a/b/c"));
}

TEST_CASE("patterns: a slash at the end means folders only") {
  CHECK(matches("foo/", "/a/foo", true));
  CHECK_FALSE(matches("foo/", "/a/foo", false));
  CHECK(matches("foo/", "/a/foo/file", false));
  CHECK(matches("foo/", "/foo/foo", false));  // lies in a folder that matches
  CHECK(matches("/a/foo/", "/a/foo", true));
  CHECK_FALSE(matches("a/**/foo/", "/a/b/foo", false));
  CHECK(matches("a/**/foo/", "/a/b/foo", true));
}

TEST_CASE("patterns: the last one that matches decides") {
  const PatternList list = list_of({"/foo/*/*", "!test.*", "*.c"});
  CHECK_FALSE(list.matches("/foo/bar/test.go", false));
  CHECK(list.matches("/foo/bar/test.c", false));
  CHECK(list.matches("/foo/bar/file.go", false));
  CHECK_FALSE(list.matches("/other", false));

  const PatternList nested = list_of({"/**/*", "!/foo", "/foo/*", "!/foo/bar"});
  CHECK(nested.matches("/foo/other/test.go", false));
  CHECK_FALSE(nested.matches("/foo/bar", true));
  CHECK_FALSE(nested.matches("/foo/bar/test.go/child", false));
  CHECK(list_of({"!**", "*.go"}).matches("/foo/bar/test.go", false));
  CHECK_FALSE(list_of({"!**", "*.c"}).matches("/foo/bar/test.go", false));
  CHECK_FALSE(PatternList().matches("/foo", true));
}

TEST_CASE("patterns: whether something below could match") {
  for (const auto& one :
       std::vector<std::pair<const char*, const char*>>{{"foo/bar", "/foo"},
                                                        {"baz/bar", "/foo"},
                                                        {"foo", "/foo/bar"},
                                                        {"baz", "/foo/bar"},
                                                        {"*", "/foo"},
                                                        {"/foo/bar", "/foo"},
                                                        {"/foo/bar/baz", "/foo/bar"},
                                                        {"/foo/**/baz", "/foo/bar/baz/blah"},
                                                        {"/foo/**/qux", "/foo/bar"},
                                                        {"/foo/**", "/foo/bar/baz"},
                                                        {"foo/**/x", "/home/foo/bar"},
                                                        {"/foo/*/qux", "/foo/bar"},
                                                        {"/foo", "/foo/bar"},
                                                        {"/*", "/foo/bar"},
                                                        {"/**", "/foo"},
                                                        {"/*/**", "/foo"},
                                                        {"/*/bar", "/foo"},
                                                        {"/**/bar", "/foo/bar"},
                                                        {"/foo/bar", "/"}}) {
    CHECK_MESSAGE(could_match_below(one.first, one.second), one.first, " below ", one.second);
  }
  for (const auto& one :
       std::vector<std::pair<const char*, const char*>>{{"/foo/bar/baz", "/foo/baz"},
                                                        {"/foo/*/qux", "/foo/bar/boo"},
                                                        {"/foo/*/qux", "/foo/bar/boo/x"},
                                                        {"/baz/bar", "/foo"},
                                                        {"/bar/*", "/foo"},
                                                        {"/foo/*/baz", "/bar/baz"},
                                                        {"/foo/**/x", "/bar"}}) {
    CHECK_FALSE_MESSAGE(could_match_below(one.first, one.second), one.first, " below ", one.second);
  }
  CHECK(list_of({"/foo/bar/*", "!/foo/bar/[a-m]*"}).could_match_below("/foo"));
  CHECK_FALSE(list_of({"/foo/*/test.*", "!*.c"}).could_match_below("/foo/bar/test.c"));
  CHECK_FALSE(PatternList().could_match_below("/"));
}

TEST_CASE("patterns: both cases alike") {
  const PatternList list = list_of({"*.JPG", "/Größe/Ä*"}, true);
  CHECK(list.matches("/a/b.jpg", false));
  CHECK(list.matches("/A/B.JpG", false));
  CHECK(list.matches("/GRÖßE/äpfel", false));
  CHECK(list.matches("/\xff/x.jpg", false));
  CHECK_FALSE(list.matches("/a/b.png", false));
  PatternList mixed;
  mixed.add("*.A");
  mixed.add("*.B", true);
  CHECK_FALSE(mixed.matches("/x.a", false));
  CHECK(mixed.matches("/x.b", false));
}

namespace {

std::string random_pattern(Random& random) {
  static const char* const parts[] = {"a", "b", "*", "**", "?", "[ab]", "A", "aa"};
  std::string pattern = random.below(4) == 0 ? "!" : "";
  if (random.below(3) == 0) pattern += "/";
  const uint64_t n = 1 + random.below(4);
  for (uint64_t i = 0; i < n; ++i) {
    if (i > 0) pattern += "/";
    pattern += parts[random.below(std::size(parts))];
  }
  if (random.below(4) == 0) pattern += "/";
  return pattern;
}

}  // namespace

TEST_CASE("patterns: going down name by name is the same as asking for the whole path") {
  static const char* const names[] = {"a", "b", "aa", "A", "c"};
  Random random;
  for (int round = 0; round < 3000; ++round) {
    PatternList list;
    std::string shown;
    for (uint64_t n = 1 + random.below(3); n > 0; --n) {
      const std::string pattern = round == 0 ? "/" : random_pattern(random);
      list.add(pattern, random.below(3) == 0);
      shown += pattern + " ";
    }
    std::string path;
    PatternList::State state = list.root();
    CHECK_MESSAGE(list.could_match(state) == list.could_match_below("/"), shown);
    for (int depth = 0; depth < 5; ++depth) {
      const std::string name = names[random.below(std::size(names))];
      path += "/" + name;
      for (const bool is_dir : {false, true}) {
        CHECK_MESSAGE(list.matches(state, name, is_dir) == list.matches(path, is_dir), shown, path);
      }
      state = list.below(state, name);
      CHECK_MESSAGE(list.could_match(state) == list.could_match_below(path), shown, path);
    }
  }
}

TEST_CASE("patterns: which of them match") {
  const PatternList list = list_of({"*.go", "/nothing", "foo", "!*.go"});
  std::vector<bool> seen(list.size());
  list.mark("/foo/test.go", false, seen);
  CHECK(seen == std::vector<bool>{true, false, true, true});
  CHECK(list.text(1) == "/nothing");
  CHECK(list.text(3) == "!*.go");
}

TEST_CASE("patterns: those that cannot be understood are refused") {
  for (const char* bad :
       {"", "!", "[", "a[", "[]", "[]a]", "a\\", "*[._]log[.-][0-9]", "x/[/y", "**/[", "!a["}) {
    CHECK_MESSAGE(code_of_pattern(bad) == Code::invalid_argument, bad);
  }
  CHECK(code_of_pattern(std::string("a\0b", 3)) == Code::invalid_argument);
  for (const char* good : {"a", "!a", "/", "[a]", "\\[", "a b", "c:/foo/*"}) {
    CHECK_MESSAGE(code_of_pattern(good) == Code::ok, good);
  }
}

TEST_CASE("patterns: from a file") {
  const TempDir folder;
  ::setenv("SAPDR_TEST_DIR", "/home/me", 1);
  ::unsetenv("SAPDR_TEST_UNSET");
  write_file(folder / "excludes",
             "\xef\xbb\xbf# comment\n"
             "\n"
             "  *.tmp \t\r\n"
             "$SAPDR_TEST_DIR/cache\n"
             "${SAPDR_TEST_DIR}_old\n"
             "$$cash\n"
             "a$/b\n"
             "$SAPDR_TEST_UNSET\n"
             "!keep.tmp");
  PatternList list;
  list.add_file(folder / "excludes");
  std::vector<std::string> texts;
  for (size_t i = 0; i < list.size(); ++i) texts.push_back(list.text(i));
  CHECK(texts == std::vector<std::string>{"*.tmp", "/home/me/cache", "/home/me_old", "$cash",
                                          "a$/b", "!keep.tmp"});
  CHECK(code_of([&] { list.add_file(folder / "missing"); }) == Code::not_found);
  CHECK(code_of([&] { list.add_file(folder.path()); }) != Code::ok);
  write_file(folder / "utf16", std::string("\xff\xfe*\0", 4));
  CHECK(code_of([&] { list.add_file(folder / "utf16"); }) == Code::invalid_argument);
}

TEST_CASE("patterns: no pattern takes long") {
  std::string stars;
  for (int i = 0; i < 50; ++i) stars += "**/x*/";
  std::string path;
  for (int i = 0; i < 200; ++i) path += "/xa";
  const std::clock_t start = std::clock();
  CHECK_FALSE(matches(stars + "b", path));
  CHECK_FALSE(matches("**/**/**/**/**/**/**/**/**/**/b", path));
  std::string glob;
  for (int i = 0; i < 60; ++i) glob += "*a";
  CHECK_FALSE(matches(glob + "b", "/" + std::string(255, 'a')));
  CHECK(std::clock() - start < 2 * CLOCKS_PER_SEC);
}
