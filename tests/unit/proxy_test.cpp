#include "net/proxy.hpp"

#include "net/http.hpp"
#include "support.hpp"

using namespace sapdr::test;

TEST_CASE("proxy: as options and the environment write them") {
  const auto shown = [](const char* text) { return Proxy::parse(text).shown(); };
  CHECK(shown("http://proxy:3128") == "http://proxy:3128");
  CHECK(shown("HTTP://Proxy:3128/") == "http://proxy:3128");
  CHECK(shown("proxy:3128") == "http://proxy:3128");
  CHECK(shown("proxy") == "http://proxy:1080");
  CHECK(shown("http://proxy:80") == "http://proxy");
  CHECK(shown("http://[::1]:3128") == "http://[::1]:3128");
  CHECK(shown("[::1]") == "http://[::1]:1080");
  CHECK(shown("http://u:p@proxy:3128") == "http://proxy:3128");
  CHECK(Proxy::parse("proxy:1").authorization.empty());
  const Proxy proxy = Proxy::parse("http://Aladdin:open%20sesame@proxy");
  CHECK(as_text(proxy.authorization) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(proxy.port == 1080);
}

TEST_CASE("proxy: what is none, in a message that quotes nothing") {
  for (const char* text : {"", "http://", "https://hidden:1", "socks5h://hidden", "hidden:0",
                           "hidden:x", "hidden:", "http://hidden/path", "http://hidden?q",
                           "u:%zz@hidden", "hid den", "http://hidden//"}) {
    CAPTURE(std::string(text));
    const Error error = error_of([&] { Proxy::parse(text); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK(error.message().find("hid") == std::string::npos);
  }
}

TEST_CASE("proxy: NO_PROXY") {
  struct Case {
    const char *host, *list;
    bool is_without;
  };
  for (const auto& [host, list, is_without] : {
           Case{"example.com", "", false},
           Case{"example.com", "*", true},
           Case{"example.com", "example.com", true},
           Case{"Example.COM", "EXAMPLE.com", true},
           Case{"www.example.com", "example.com", true},
           Case{"www.example.com", ".example.com", true},
           Case{"example.com", ".example.com", true},
           Case{"example.com", "example.com.", true},
           Case{"badexample.com", "example.com", false},
           Case{"example.com", "www.example.com", false},
           Case{"example.com", "com", true},
           Case{"example.com", "*.com", false},
           Case{"example.com", "a.com, ,,example.com", true},
           Case{"example.com", "a.com example.com", true},
           Case{"example.com", "., ..", false},
           Case{"127.0.0.1", "127.0.0.1", true},
           Case{"127.0.0.1", "0.0.1", false},
           Case{"127.0.0.1", "127.0.0.0/8", true},
           Case{"10.1.2.3", "10.1.2.0/23", true},
           Case{"10.1.4.3", "10.1.2.0/23", false},
           Case{"10.1.2.3", "10.1.2.2/31", true},
           Case{"10.1.2.3", "10.1.2.2/32", false},
           Case{"10.1.2.3", "0.0.0.0/0", true},
           Case{"10.1.2.3", "10.1.2.3/33", false},
           Case{"10.1.2.3", "10.1.2.3/-1", false},
           Case{"10.1.2.3", "10.1.2.3/", false},
           Case{"10.1.2.3", "10.1.2.3/8x", false},
           Case{"10.1.2.3", "::/0", false},
           Case{"::1", "::1", true},
           Case{"::1", "[::1]", true},
           Case{"::1", "0:0::1", true},
           Case{"2001:db8::7", "2001:db8::/32", true},
           Case{"2001:db9::7", "2001:db8::/32", false},
       }) {
    CAPTURE(std::string(host));
    CAPTURE(std::string(list));
    CHECK(needs_no_proxy(host, list) == is_without);
  }
}

TEST_CASE("http headers: found by any case; set replaces, add does not") {
  HttpHeaders headers;
  headers.add("ETag", "1");
  headers.add("etag", "2");
  headers.set("x-other", "3");
  CHECK(*headers.find("ETAG") == "1");
  CHECK(headers.find("ETa") == nullptr);
  headers.set("eTag", "4");
  CHECK(*headers.find("etag") == "4");
  CHECK(std::distance(headers.begin(), headers.end()) == 2);
}
