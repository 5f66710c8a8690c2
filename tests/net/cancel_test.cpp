// An operation that is cancelled gets its thread back, whatever it was waiting for.
#include <thread>

#include "client.hpp"

using namespace sapdr::test;

namespace {

// Cancels a request soon after it has begun, and says how long it took to notice.
void check_cancel(const HttpClientPtr& http, const HttpRequest& request) {
  Cancel cancel;
  std::chrono::steady_clock::time_point at;
  std::thread trigger([&] {
    std::this_thread::sleep_for(150ms);
    at = std::chrono::steady_clock::now();
    cancel.trigger();
  });
  Error error(Code::ok, "");
  {
    const CancelScope scope(&cancel);
    error = error_of([&] { http->send(request); });
  }
  const auto end = std::chrono::steady_clock::now();
  trigger.join();
  CHECK(error.code() == Code::cancelled);
  CHECK(error.retry() == Retry::never);
  CHECK(end >= at);
  CHECK(end - at < 2s);  // 50 ms on a machine that is not busy
}

}  // namespace

TEST_CASE("cancel: before anything is sent") {
  Server server([](Peer& peer) { peer.wait_for_end(); });
  Cancel cancel;
  cancel.trigger();
  const CancelScope scope(&cancel);
  CHECK(code_of([&] { client()->send(get(server.url())); }) == Code::cancelled);
}

TEST_CASE("cancel: while TLS begins") {
  Server server([](Peer& peer) { peer.hang(); });
  check_cancel(client(), get("https://127.0.0.1:" + std::to_string(server.port())));
}

TEST_CASE("cancel: while a request is sent") {
  Server server([](Peer& peer) {
    peer.read_head();
    peer.hang();
  });
  const std::string body(30'000'000, 'x');
  check_cancel(client(), put(server.url(), body));
}

TEST_CASE("cancel: while the answer is awaited") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.hang();
  });
  check_cancel(client(), get(server.url()));
}

TEST_CASE("cancel: while an answer arrives, slowly or without a pause") {
  for (const bool is_slow : {true, false}) {
    Server server([&](Peer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\n\r\n");
      const std::string piece(is_slow ? 1 : 100'000, 'x');
      while (true) {
        peer.send(piece);
        if (is_slow) std::this_thread::sleep_for(10ms);
      }
    });
    HttpRequest request = get(server.url());
    request.max_body = UINT64_MAX;
    check_cancel(client(), request);
  }
}

TEST_CASE("cancel: while another call has the only connection") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.hang();
  });
  HttpOptions with = options();
  with.max_connections = 1;
  with.timeouts.first_byte = 3s;
  const auto http = client(with);
  std::thread other([&] { code_of([&] { http->send(get(server.url())); }); });
  while (server.connections() == 0) std::this_thread::sleep_for(1ms);
  check_cancel(http, get(server.url()));
  other.join();
}
