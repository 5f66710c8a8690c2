// TLS with certificates of a CA that the tests make.
#include <cstdlib>
#include <thread>
#include <vector>

#include "certificates.hpp"
#include "client.hpp"
#include "support/files.hpp"

using namespace sapdr::test;

namespace {

void echo(Peer& peer) {
  while (true) peer.answer(peer.read_request().body);
}

struct Trust {
  TempDir dir;
  TestCa ca;

  Trust() { write_file(dir / "ca.pem", ca.pem()); }
  HttpOptions trusting() const {
    HttpOptions with = options();
    with.ca_file = dir / "ca.pem";
    return with;
  }
};

Error refusal(const HttpOptions& with, SSL_CTX* tls, const std::string& host) {
  Server server(echo, tls);
  const Error error = error_of([&] { client(with)->send(get(server.url("/x", host))); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::never);
  CHECK(error.message().find("the certificate of " + host + " was not accepted: ") !=
        std::string::npos);
  CHECK(detail(error, "host") == host);
  return error;
}

}  // namespace

TEST_CASE("TLS: names and addresses of the certificate, with TLS 1.2 and 1.3") {
  const Trust trust;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const SslContextPtr tls = trust.ca.server("DNS:localhost,IP:127.0.0.1", 3600, version);
    Server server(echo, tls.get());
    const auto http = client(trust.trusting());
    for (const char* host : {"localhost", "127.0.0.1", "localhost"}) {
      CHECK(text(http->send(put(server.url("/", host), "hello"))) == "hello");
    }
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("TLS: a certificate for other hosts, of another CA, or of the past is refused") {
  const Trust trust;
  const SslContextPtr right = trust.ca.server("DNS:localhost");
  const SslContextPtr expired = trust.ca.server("DNS:localhost", -60);
  const SslContextPtr other = trust.ca.server("DNS:example.com,DNS:*.localhost,IP:127.0.0.2");
  refusal(options(), right.get(), "localhost");
  const Error error = refusal(trust.trusting(), expired.get(), "localhost");
  CHECK(error.message().find("expired") != std::string::npos);
  CHECK(detail(error, "certificate") == "certificate has expired");
  refusal(trust.trusting(), other.get(), "localhost");
  refusal(trust.trusting(), other.get(), "127.0.0.1");
  refusal(trust.trusting(), right.get(), "127.0.0.1");
}

TEST_CASE("TLS: 1.1 is refused, and a server without TLS") {
  const Trust trust;
  const SslContextPtr old = trust.ca.server("DNS:localhost", 3600, TLS1_1_VERSION);
  SSL_CTX_set_security_level(old.get(), 0);
  Server old_server(echo, old.get());
  Server plain([](Peer& peer) { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  for (const Server* server : {&old_server, &plain}) {
    const auto http = client(trust.trusting());
    const std::string url = "https://localhost:" + std::to_string(server->port());
    const Error error = error_of([&] { http->send(get(url)); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::never);
    CHECK(error.message().find("no TLS connection to localhost: TLS failed: ") !=
          std::string::npos);
  }
}

TEST_CASE("TLS: a handshake that breaks off may be tried again") {
  Server server([](Peer& peer) { peer.read(100); });
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  const Error error = error_of([&] { client()->send(get(url)); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::yes);
}

TEST_CASE("TLS: sessions are taken up again") {
  const Trust trust;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const SslContextPtr tls = trust.ca.server("DNS:localhost", 3600, version);
    Server server(
        [](Peer& peer) {
          peer.read_request();
          peer.answer(peer.is_resumed() ? "again" : "new");
        },
        tls.get());
    const auto http = client(trust.trusting());
    CHECK(text(http->send(get(server.url("/", "localhost")))) == "new");
    CHECK(text(http->send(get(server.url("/", "localhost")))) == "again");
    CHECK(text(client(trust.trusting())->send(get(server.url("/", "localhost")))) == "new");
  }
}

TEST_CASE("TLS: large bodies both ways, by several threads") {
  const Trust trust;
  const SslContextPtr tls = trust.ca.server("DNS:localhost");
  Server server(echo, tls.get());
  HttpOptions with = trust.trusting();
  with.max_connections = 2;
  const auto http = client(with);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::string body(5'000'000, '\0');
      for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i >> t);
      std::string back(body.size(), '-');
      HttpRequest request = put(server.url("/", "localhost"), body);
      request.into = span_of(back);
      for (int i = 0; i < 2; ++i) {
        http->send(request);
        right += back == body;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
}

TEST_CASE("TLS: an end that the server did not announce is no end of an answer") {
  const Trust trust;
  const SslContextPtr tls = trust.ca.server("DNS:localhost");
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}) {
    Server server(
        [&](Peer& peer) {
          peer.read_request();
          peer.send(answer);
          peer.finish_sending();  // of TCP, not of TLS
          peer.hang();
        },
        tls.get());
    const Error error =
        error_of([&] { client(trust.trusting())->send(get(server.url("/", "localhost"))); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::maybe);
  }
}

TEST_CASE("TLS: an early answer to a large request, resends, no SIGPIPE") {
  const Trust trust;
  const SslContextPtr tls = trust.ca.server("DNS:localhost");
  const std::string body(16'000'000, 'x');
  Server server(
      [](Peer& peer) {
        peer.read_head();
        peer.answer("why", "413 Too Large");
      },
      tls.get());
  const auto http = client(trust.trusting());
  for (int i = 0; i < 3; ++i) {
    const HttpResponse response = http->send(put(server.url("/", "localhost"), body));
    CHECK(response.status == 413);
    CHECK(text(response) == "why");
  }
  Server forgetful(
      [](Peer& peer) {
        peer.read_request();
        peer.answer(std::to_string(peer.number));
        if (peer.number == 0) peer.read_head();
        if (peer.number == 0) peer.reset();
        peer.wait_for_end();
      },
      tls.get());
  CHECK(text(http->send(get(forgetful.url("/", "localhost")))) == "0");
  CHECK(text(http->send(put(forgetful.url("/", "localhost"), body))) == "1");
}

TEST_CASE("TLS: what SSL_CERT_FILE names is trusted, beside the CA file") {
  const Trust trust;
  const TestCa other;
  const SslContextPtr tls = trust.ca.server("DNS:localhost");
  const SslContextPtr others = other.server("DNS:localhost");
  Server server(echo, tls.get()), others_server(echo, others.get());
  const TempDir dir;
  write_file(dir / "other.pem", other.pem());
  ::setenv("SSL_CERT_FILE", (dir / "other.pem").c_str(), 1);
  const auto http = client(trust.trusting());
  CHECK(http->send(get(server.url("/", "localhost"))).status == 200);
  CHECK(http->send(get(others_server.url("/", "localhost"))).status == 200);
  ::setenv("SSL_CERT_FILE", "/dev/null", 1);
}

TEST_CASE("TLS: a CA file has to be one") {
  const TempDir dir;
  write_file(dir / "empty.pem", "nothing");
  for (const std::string& file : {dir / "missing.pem", dir / "empty.pem"}) {
    HttpOptions with = options();
    with.ca_file = file;
    const Error error = error_of([&] { client(with); });
    CHECK(error.code() == Code::invalid_argument);
    CHECK(detail(error, "path") == file);
  }
}
