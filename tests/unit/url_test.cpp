#include "net/url.hpp"

#include "support.hpp"

using namespace sapdr::test;

TEST_CASE("url: its parts") {
  const Url url = Url::parse("HTTPS://Account.Blob.Core.Windows.net:8443/a%20b/c?x=1&y=%2F?:@");
  CHECK(url.tls);
  CHECK(url.host == "account.blob.core.windows.net");
  CHECK(url.port == 8443);
  CHECK(url.path == "/a%20b/c");
  CHECK(url.query == "x=1&y=%2F?:@");
  CHECK(url.origin() == "https://account.blob.core.windows.net:8443");
  CHECK(url.target() == "/a%20b/c?x=1&y=%2F?:@");
  CHECK(url.shown() == "https://account.blob.core.windows.net:8443/a%20b/c");
}

TEST_CASE("url: what is left out") {
  Url url = Url::parse("http://localhost");
  CHECK_FALSE(url.tls);
  CHECK(url.port == 80);
  CHECK(url.path == "/");
  CHECK(url.target() == "/");
  CHECK(url.origin() == "http://localhost");
  CHECK(Url::parse("https://localhost").port == 443);
  url = Url::parse("https://localhost?a=b");
  CHECK(url.path == "/");
  CHECK(url.query == "a=b");
  CHECK(Url::parse("https://localhost/?").target() == "/");
  CHECK(Url::parse("http://localhost:80").origin() == "http://localhost");
  CHECK(Url::parse("http://localhost:443").origin() == "http://localhost:443");
}

TEST_CASE("url: addresses") {
  CHECK(Url::parse("http://127.0.0.1:10000/devstore").host == "127.0.0.1");
  const Url url = Url::parse("https://[2001:DB8::1]:8443/x");
  CHECK(url.host == "2001:db8::1");
  CHECK(url.port == 8443);
  CHECK(url.origin() == "https://[2001:db8::1]:8443");
  CHECK(Url::parse("http://[::1]").shown() == "http://[::1]/");
}

TEST_CASE("url: what is none is refused") {
  const std::string label(63, 'a');
  for (const std::string& text :
       {std::string(),
        S("localhost"),
        S("/path"),
        S("ftp://host/"),
        S("https:/host"),
        S("https//host"),
        S("https://"),
        S("https:///path"),
        S("https://:443/"),
        S("https://host:/"),
        S("https://host:0/"),
        S("https://host:65536/"),
        S("https://host:-1/"),
        S("https://host:+1"),
        S("https://host:1x/"),
        S("https://host: 1/"),
        S("https://user@host/"),
        S("https://user:pass@host/"),
        S("https://host/#top"),
        S("https://host#"),
        S("https://a..b/"),
        S("https://.a/"),
        S("https://a./"),
        S("https://a b/"),
        S("https://a\nb/"),
        S("https://a\0b/"),
        S("https://\xc3\xa4.de/"),
        S("https://a%2eb/"),
        S("https://127.1/"),
        S("https://1/"),
        S("https://256.1.1.1/"),
        S("https://[::1/"),
        S("https://[::1]x/"),
        S("https://[127.0.0.1]/"),
        S("https://[]/"),
        std::string("https://[::\0001]/", 15),
        S("https://::1/"),
        S("https://[fe80::1%25eth0]/"),
        S("https://a/b c"),
        S("https://a/\r\nX: y"),
        S("https://a/\\b"),
        S("https://a/%"),
        S("https://a/%2"),
        S("https://a/%2g"),
        S("https://a/\xc3\xa4"),
        S("https://a/?q=\"x\""),
        S("https://a/?q=%zz"),
        S(" https://a/"),
        S("https://a/ "),
        S("https://a/[b]"),
        "https://" + label + "a/",
        "https://" + label + "." + label + "." + label + "." + label + "/",
        "https://a/" + std::string(70'000, 'x')}) {
    CAPTURE(text.substr(0, 100));
    CHECK(code_of([&] { Url::parse(text); }) == Code::invalid_argument);
  }
}

TEST_CASE("url: a message shows neither query nor user") {
  for (const char* text :
       {"https://a b/?sig=hidden", "https://a/x y?sig=hidden", "https://a/?sig=hidden {",
        "https://me:hidden@host/", "https://me:hid?hidden@host/", "https://me:hid/hidden@host/",
        "AccountName=a;AccountKey=hidden", "https://a/#hidden"}) {
    const Error error = error_of([&] { Url::parse(text); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK_MESSAGE(error.message().find("hidden") == std::string::npos, error.message());
  }
  CHECK(error_of([] { Url::parse("https://a/x y?z"); }).message() ==
        "the URL https://a/x y is not valid: the path has a character that has to be "
        "percent-encoded");
}

TEST_CASE("url: queries are added and taken apart") {
  Url url = Url::parse("https://a/");
  url.add_query("comp", "list");
  url.add_query("pre fix", "a/b&c=d");
  url.add_query("", "\xc3\xa4");
  CHECK(url.query == "comp=list&pre%20fix=a%2Fb%26c%3Dd&=%C3%A4");
  CHECK(Url::parse(url.shown() + "?" + url.query).query == url.query);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(split_query(url.query) ==
        Pairs{{"comp", "list"}, {"pre fix", "a/b&c=d"}, {"", "\xc3\xa4"}});
  CHECK(split_query("") == Pairs{});
  CHECK(split_query("&a&&b=&=c&d=e=f+g&") ==
        Pairs{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "e=f+g"}});
  CHECK(code_of([] { split_query("a=%4"); }) == Code::invalid_argument);
}

TEST_CASE("percent: known text") {
  CHECK(percent_encode("az AZ09-._~/+") == "az%20AZ09-._~%2F%2B");
  CHECK(percent_encode("a/b c", true) == "a/b%20c");
  CHECK(percent_encode(S("\x00\xff")) == "%00%FF");
  CHECK(percent_decode("%41%2f%2F+%00") == S("A//+\0"));
  for (const char* text : {"%", "%4", "a%", "%4g", "%%41", "% 41"}) {
    CHECK(code_of([&] { percent_decode(text); }) == Code::invalid_argument);
  }
}

TEST_CASE("percent: random bytes come back") {
  Random random;
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = random.bytes(random.below(100));
    CHECK(percent_decode(percent_encode(bytes)) == bytes);
    CHECK(percent_decode(percent_encode(bytes, true)) == bytes);
    Url url;
    url.host = "host";
    url.path = "/" + percent_encode(bytes, true);
    url.add_query(bytes, bytes);
    const Url again = Url::parse(url.origin() + url.target());
    CHECK(again.path == url.path);
    CHECK(again.query == url.query);
  }
}
