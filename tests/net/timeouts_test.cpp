// Servers that are slow, or say nothing: each phase has its own end.
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>
#include <vector>

#include "client.hpp"

using namespace sapdr::test;

namespace {

// A port that takes no connections and refuses none: the queue of its listener is full.
class FullPort {
 public:
  FullPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), size);
    ::listen(listener_.get(), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size);
    for (int i = 0; i < 4; ++i) {
      clients_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(clients_.back().get(), reinterpret_cast<sockaddr*>(&address_), size);
    }
  }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/";
  }

 private:
  Fd listener_;
  sockaddr_in address_{};
  std::vector<Fd> clients_;
};

// The error of a request under these limits, and how long it took.
struct Ended {
  Error error = Error(Code::ok, "");
  std::chrono::milliseconds after{0};
};

Ended end_of(const HttpRequest& request, HttpTimeouts timeouts) {
  HttpOptions with = options();
  with.timeouts = timeouts;
  const auto http = client(with);
  Ended ended;
  ended.after = time_of([&] { ended.error = error_of([&] { http->send(request); }); });
  return ended;
}

void check_timeout(const Ended& ended, const std::string& phase, const std::string& message) {
  CHECK(ended.error.code() == Code::timeout);
  CHECK(ended.error.retry() == Retry::maybe);
  CHECK(detail(ended.error, "phase") == phase);
  CHECK_MESSAGE(ended.error.message().find(message) != std::string::npos, ended.error.message());
  CHECK(ended.after >= 250ms);
  CHECK(ended.after < 8s);  // of the 9 that the other phases have
}

}  // namespace

TEST_CASE("timeout: connect") {
  const FullPort port;
  check_timeout(end_of(get(port.url()), {250ms, 9s, 9s}), "connect",
                "there was no connection within 250 ms");
}

TEST_CASE("timeout: first byte") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.hang();
  });
  check_timeout(end_of(get(server.url()), {9s, 250ms, 9s}), "first_byte",
                "did not begin to answer within 250 ms");
}

TEST_CASE("timeout: the first byte counts from when all arrived, which takes a slow line a while") {
  const std::string body(3'000'000, 'x');
  Server server([&](Peer& peer) {
    const int small = 4096;  // what is not read yet waits on the other side
    ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    peer.read_head();
    for (size_t read = 0; read < body.size(); read += 100'000) {
      std::this_thread::sleep_for(50ms);
      peer.read(100'000);
    }
    peer.answer("", "201 Created");
  });
  const Ended ended = end_of(put(server.url(), body), {9s, 400ms, 9s});
  CHECK_MESSAGE(ended.error.code() == Code::ok, ended.error.message());
  CHECK(ended.after >= 1500ms);
}

TEST_CASE("timeout: a stall of the answer, in its head and in its body") {
  for (const char* start :
       {"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
    Server server([&](Peer& peer) {
      peer.read_request();
      peer.send(start);
      peer.hang();
    });
    check_timeout(end_of(get(server.url()), {9s, 9s, 250ms}), "receive",
                  "(next to) nothing more came for 250 ms");
  }
}

TEST_CASE("timeout: a stall of the request") {
  Server server([](Peer& peer) {
    peer.read_head();
    peer.hang();
  });
  const std::string body(30'000'000, 'x');
  check_timeout(end_of(put(server.url(), body), {9s, 9s, 250ms}), "send",
                "the server took (next to) nothing of the request for 250 ms");
}

TEST_CASE("timeout: a stall counts anew when enough came, and a drip is a stall") {
  std::atomic<size_t> piece =
      1000;  // for each 100 ms; 600 bytes are enough in the 600 ms of a stall
  Server server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(piece * 10) + "\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
      std::this_thread::sleep_for(100ms);
      peer.send(std::string(piece, 'x'));
    }
    peer.wait_for_end();
  });
  const Ended ended = end_of(get(server.url()), {9s, 9s, 600ms});
  CHECK(ended.error.code() == Code::ok);
  CHECK(ended.after >= 1s);
  piece = 1;
  check_timeout(end_of(get(server.url()), {9s, 9s, 600ms}), "receive",
                "(next to) nothing more came for 600 ms");
}

TEST_CASE("timeout: a kept connection is not asked again") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.answer("");
    peer.read_request();
    peer.hang();
  });
  HttpOptions with = options();
  with.timeouts.first_byte = 250ms;
  const auto http = client(with);
  http->send(get(server.url()));
  CHECK(code_of([&] { http->send(get(server.url())); }) == Code::timeout);
  CHECK(server.connections() == 1);
}
