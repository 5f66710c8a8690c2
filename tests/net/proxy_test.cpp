// Requests through a proxy, which is a server of the test's.
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "certificates.hpp"
#include "client.hpp"
#include "support/files.hpp"

using namespace sapdr::test;

namespace {

using Variables = std::map<std::string, std::string>;

// Sets variables of the environment, and none of the other ones that name proxies, for a test.
class Environment {
 public:
  explicit Environment(const Variables& values) {
    for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                             "ALL_PROXY", "no_proxy", "NO_PROXY"}) {
      const char* value = std::getenv(name);
      before_[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
      ::unsetenv(name);
    }
    for (const auto& [name, value] : values) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      ::unsetenv(name.c_str());
      if (value) ::setenv(name.c_str(), value->c_str(), 1);
    }
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

// Hands on bytes between a client and a server on this host until one of them ends.
void hand_on(Peer& peer, uint16_t port) {
  const Fd server(connected_socket(port));
  while (true) {
    pollfd both[2] = {{peer.fd(), POLLIN, 0}, {server.get(), POLLIN, 0}};
    ::poll(both, 2, 10'000);
    for (const int i : {0, 1}) {
      if (both[i].revents == 0) continue;
      char piece[65536];
      const ssize_t n = ::recv(both[i].fd, piece, sizeof piece, 0);
      if (n <= 0) return;
      for (ssize_t done = 0; done < n;) {
        const size_t left = static_cast<size_t>(n - done);
        const ssize_t sent = ::send(both[1 - i].fd, piece + done, left, MSG_NOSIGNAL);
        if (sent <= 0) return;
        done += sent;
      }
    }
  }
}

// A proxy for tunnels to one server on this host, whatever name it is asked for.
struct TunnelProxy {
  std::string head;  // of the latest request
  std::string refusal;
  uint16_t target = 0;
  Server server{[this](Peer& peer) {
    head = peer.read_head();
    if (!refusal.empty()) {
      peer.answer("no", refusal);
      return peer.wait_for_end();
    }
    peer.send("HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n");
    hand_on(peer, target);
  }};

  std::string url(const std::string& user = "") const {
    return "http://" + user + "127.0.0.1:" + std::to_string(server.port());
  }
};

// base64 of "u:p@ss"
const char* const authorization = "\r\nProxy-Authorization: Basic dTpwQHNz\r\n";

HttpOptions through(const std::string& proxy) {
  HttpOptions with = options();
  with.proxy = proxy;
  return with;
}

}  // namespace

TEST_CASE("proxy: a request for http goes to it whole") {
  std::string head;
  Server proxy([&](Peer& peer) {
    while (true) {
      head = peer.read_request().head;
      peer.answer("from the proxy");
    }
  });
  const std::string port = std::to_string(proxy.port());
  const auto http = client(through("http://u:p%40ss@127.0.0.1:" + port));
  for (int i = 0; i < 2; ++i) {
    CHECK(text(http->send(get("http://example.invalid:8080/a?b=c"))) == "from the proxy");
  }
  CHECK(head.starts_with("GET http://example.invalid:8080/a?b=c HTTP/1.1\r\n"));
  CHECK(head.find("\r\nHost: example.invalid:8080\r\n") != std::string::npos);
  CHECK(head.find(authorization) != std::string::npos);
  CHECK(proxy.connections() == 1);
}

TEST_CASE("proxy: a request for https goes through a tunnel, with the server's certificate") {
  const TempDir dir;
  const TestCa ca;
  write_file(dir / "ca.pem", ca.pem());
  const SslContextPtr tls = ca.server("DNS:example.invalid");
  std::string head;
  Server server(
      [&](Peer& peer) {
        while (true) {
          const Peer::Request request = peer.read_request();
          head = request.head;
          peer.answer(request.body);
        }
      },
      tls.get());
  TunnelProxy proxy;
  proxy.target = server.port();
  HttpOptions with = through(proxy.url("u:p%40ss@"));
  with.ca_file = dir / "ca.pem";
  const auto http = client(with);
  const std::string body(3'000'000, 'x');
  for (int i = 0; i < 2; ++i) {
    CHECK(text(http->send(put("https://example.invalid/a?b=c", body))) == body);
  }
  CHECK(proxy.head.starts_with(
      "CONNECT example.invalid:443 HTTP/1.1\r\nHost: example.invalid:443\r\n"));
  CHECK(proxy.head.find(authorization) != std::string::npos);
  CHECK(head.starts_with("PUT /a?b=c HTTP/1.1\r\n"));
  CHECK(head.find("Proxy-Authorization") == std::string::npos);
  CHECK(proxy.server.connections() == 1);
  CHECK(code_of([&] { http->send(get("https://other.invalid/")); }) == Code::network);
}

TEST_CASE("proxy: one that refuses, and with what it may be tried again") {
  const std::pair<const char*, Retry> refusals[] = {{"407 Who are you", Retry::never},
                                                    {"403 Not there", Retry::never},
                                                    {"502 Nobody there", Retry::yes}};
  for (const auto& [refusal, retry] : refusals) {
    TunnelProxy proxy;
    proxy.refusal = refusal;
    const auto http = client(through(proxy.url("user:secret@")));
    const Error error = error_of([&] { http->send(get("https://example.invalid/")); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == retry);
    CHECK(error.message().find("the proxy " + proxy.url()) != std::string::npos);
    CHECK(error.message().find("secret") == std::string::npos);
    CHECK(detail(error, "status") == std::string(refusal).substr(0, 3));
  }
  TunnelProxy proxy;
  proxy.refusal = "407 Who are you";
  const Error error =
      error_of([&] { client(through(proxy.url()))->send(get("http://example.invalid/")); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::never);
}

TEST_CASE("proxy: one that is not there, hangs, or talks too early") {
  const std::string closed = "http://u:secret@127.0.0.1:" + std::to_string(closed_port());
  Error error = error_of([&] { client(through(closed))->send(get("https://example.invalid/")); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::yes);
  CHECK(error.message().find("could not connect to the proxy http://127.0.0.1:") !=
        std::string::npos);
  CHECK(error.message().find("secret") == std::string::npos);
  Server silent([](Peer& peer) { peer.hang(); });
  HttpOptions with = through(silent.url());
  with.timeouts.connect = 200ms;
  error = error_of([&] { client(with)->send(get("https://example.invalid/")); });
  CHECK(error.code() == Code::timeout);
  CHECK(detail(error, "phase") == "connect");
  Server eager([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
    peer.wait_for_end();
  });
  error = error_of([&] { client(through(eager.url()))->send(get("https://example.invalid/")); });
  CHECK(error.code() == Code::network);
}

TEST_CASE("proxy: what the environment says") {
  Server proxy([](Peer& peer) {
    peer.read_request();
    peer.answer("proxy");
  });
  Server server([](Peer& peer) {
    peer.read_request();
    peer.answer("server");
  });
  const std::string to_proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  const auto answer_with = [&](const Variables& values, const std::string& option = "") {
    const Environment environment(values);
    return text(client(through(option))->send(get(server.url())));
  };
  CHECK(answer_with({}) == "server");
  CHECK(answer_with({{"http_proxy", to_proxy}}) == "proxy");
  CHECK(answer_with({{"HTTP_PROXY", to_proxy}}) == "server");
  CHECK(answer_with({{"https_proxy", to_proxy}}) == "server");
  CHECK(answer_with({{"all_proxy", to_proxy}}) == "proxy");
  CHECK(answer_with({{"ALL_PROXY", "127.0.0.1:" + std::to_string(proxy.port())}}) == "proxy");
  CHECK(answer_with({{"http_proxy", to_proxy}, {"no_proxy", "127.0.0.0/8"}}) == "server");
  CHECK(answer_with({{"http_proxy", to_proxy}, {"NO_PROXY", "localhost, 127.0.0.1"}}) == "server");
  CHECK(answer_with({{"http_proxy", to_proxy}}, "none") == "server");
  CHECK(answer_with({{"NO_PROXY", "*"}}, to_proxy) == "proxy");
}

TEST_CASE("proxy: an option that is none") {
  for (const char* proxy : {"https://host:1", "socks5://host:1", "http://host:0", "http://", "a b",
                            "http://host:1/path", "http://secret@", "http://host:99999"}) {
    const Error error = error_of([&] { client(through(proxy)); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK(error.message().find("secret") == std::string::npos);
  }
  const Environment environment(Variables{{"all_proxy", "socks5://user:secret@host"}});
  const auto http = client(through(""));
  const Error error = error_of([&] { http->send(get("http://localhost/")); });
  CHECK(error.code() == Code::invalid_argument);
  CHECK(error.message().find("secret") == std::string::npos);
}
