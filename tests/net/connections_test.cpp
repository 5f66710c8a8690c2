// Connections: kept, resent on, limited, refused.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "client.hpp"

using namespace sapdr::test;

namespace {

// Answers the body of each request with the same body, for ever.
void echo(Peer& peer) {
  while (true) peer.answer(peer.read_request().body);
}

std::atomic<int> broken_pipes{0};

}  // namespace

TEST_CASE("connection: one is kept for request after request") {
  Server server(echo);
  const auto http = client();
  for (int i = 0; i < 5; ++i) {
    const std::string body = std::to_string(i);
    CHECK(text(http->send(put(server.url(), body))) == body);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("connection: none is kept if the server says so, or says too much") {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more"}) {
    CAPTURE(answer);
    Server server([&](Peer& peer) {
      while (true) {
        peer.read_request();
        peer.send(answer);
      }
    });
    const auto http = client();
    for (int i = 0; i < 3; ++i) CHECK(text(http->send(get(server.url()))) == "ok");
    CHECK(server.connections() == 3);
  }
}

TEST_CASE("connection: one that the server closed while it was idle is not used") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.answer(std::to_string(peer.number));
  });
  const auto http = client();
  for (int i = 0; i < 4; ++i) {
    CHECK(text(http->send(get(server.url()))) == std::to_string(i));
    std::this_thread::sleep_for(20ms);
  }
}

TEST_CASE("connection: a request that meets the end of a kept one is sent once more") {
  for (const bool is_reset : {false, true}) {
    for (const std::string& body : {std::string("small"), std::string(8'000'000, 'x')}) {
      Server server([&](Peer& peer) {
        peer.answer(peer.read_request().body.substr(0, 5));
        if (peer.number == 0) {
          peer.read_head();  // of the second request, which gets no answer
          if (is_reset) peer.reset();
        } else {
          peer.wait_for_end();
        }
      });
      const auto http = client();
      for (int i = 0; i < 2; ++i) {
        const HttpResponse response = http->send(put(server.url(), body));
        CHECK(text(response) == body.substr(0, 5));
        CHECK(response.repeated == (i == 1));
      }
      CHECK(server.connections() == 2);
    }
  }
}

TEST_CASE("connection: a request is sent once more once only, and not after an answer began") {
  SUBCASE("every connection ends") {
    Server server([&](Peer& peer) {
      if (peer.number == 0) peer.answer(peer.read_request().body);
      peer.read_head();
    });
    const auto http = client();
    http->send(get(server.url()));
    const Error error = error_of([&] { http->send(get(server.url())); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::maybe);
    CHECK(server.connections() == 2);
  }
  SUBCASE("a new connection ends") {
    Server server([&](Peer& peer) { peer.read_head(); });
    CHECK(code_of([&] { client()->send(get(server.url())); }) == Code::network);
    CHECK(server.connections() == 1);
  }
  SUBCASE("after a byte of the answer") {
    Server server([&](Peer& peer) {
      peer.answer(peer.read_request().body);
      peer.read_head();
      peer.send("H");
    });
    const auto http = client();
    http->send(get(server.url()));
    CHECK(code_of([&] { http->send(get(server.url())); }) == Code::network);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("connection: refused, with what may be tried again; then it works") {
  const auto http = client();
  const uint16_t port = closed_port();
  const Error error =
      error_of([&] { http->send(get("http://127.0.0.1:" + std::to_string(port) + "/x")); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::yes);
  CHECK(error.message().find("could not connect to 127.0.0.1 port " + std::to_string(port)) !=
        std::string::npos);
  CHECK(detail(error, "phase") == "connect");
  CHECK(detail(error, "host") == "127.0.0.1");
  Server server(echo);
  CHECK(http->send(get(server.url())).status == 200);
}

TEST_CASE("connection: all addresses of a name are tried") {
  Server server(echo);  // on IPv4 only, where localhost is ::1 as well on many systems
  CHECK(client()->send(get(server.url("/", "localhost"))).status == 200);
}

TEST_CASE("connection: a host that does not exist") {
  const Error error = error_of([&] { client()->send(get("http://nowhere.invalid/")); });
  CHECK(error.code() == Code::network);
  CHECK(error.message().find("could not find the host nowhere.invalid") != std::string::npos);
}

TEST_CASE("connection: no more at once than the limit, and every thread gets its turn") {
  std::atomic<int> now{0}, most{0};
  Server server([&](Peer& peer) {
    while (true) {
      const std::string body = peer.read_request().body;
      const int n = ++now;
      for (int seen = most; n > seen && !most.compare_exchange_weak(seen, n);) {
      }
      std::this_thread::sleep_for(2ms);
      --now;
      peer.answer(body);
    }
  });
  HttpOptions with = options();
  with.max_connections = 3;
  const auto http = client(with);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string body = std::to_string(t * 1000 + i);
        right += text(http->send(put(server.url(), body))) == body;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 240);
  CHECK(most == 3);
  CHECK(server.connections() == 3);
}

TEST_CASE("connection: idle ones of other hosts make room") {
  std::atomic<int> open{0};
  const auto counting = [&](Peer& peer) {
    ++open;
    try {
      echo(peer);
    } catch (const Gone&) {
      --open;
    }
  };
  Server first(counting), second(counting), third(counting);
  HttpOptions with = options();
  with.max_connections = 2;
  const auto http = client(with);
  for (const Server* server : {&first, &second, &third, &second, &third}) {
    http->send(get(server->url()));
  }
  CHECK(second.connections() == 1);
  CHECK(third.connections() == 1);
  for (int i = 0; i < 100 && open > 2; ++i) std::this_thread::sleep_for(20ms);
  CHECK(open == 2);
  http->send(get(first.url()));
  CHECK(first.connections() == 2);
}

TEST_CASE("connection: writing to one that is closed raises no SIGPIPE") {
  struct sigaction counting {
  }, before;
  counting.sa_handler = [](int) { ++broken_pipes; };
  ::sigaction(SIGPIPE, &counting, &before);
  const std::string body(4'000'000, 'x');
  for (int i = 0; i < 10; ++i) {
    Server server([](Peer& peer) {
      peer.read_head();
      peer.reset();
    });
    CHECK(code_of([&] { client()->send(put(server.url(), body)); }) == Code::network);
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  CHECK(broken_pipes == 0);
}

TEST_CASE("connection: a client is not used in the child of a fork") {
  Server server(echo);
  const auto http = client();
  http->send(get(server.url()));
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(code_of([&] { http->send(get(server.url())); }) == Code::invalid_state ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(http->send(get(server.url())).status == 200);
  CHECK(server.connections() == 1);
}
