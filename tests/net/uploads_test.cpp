// Requests with large bodies, and servers that do not wait for their end.
#include "client.hpp"

using namespace sapdr::test;

namespace {

std::string large_body() {
  std::string body(16'000'000, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i >> 7);
  return body;
}

}  // namespace

TEST_CASE("upload: a large body arrives whole, right behind its head") {
  const std::string body = large_body();
  Peer::Request request;
  Server server([&](Peer& peer) {
    request = peer.read_request();
    peer.answer("", "201 Created");
  });
  CHECK(client()->send(put(server.url(), body)).status == 201);
  CHECK(request.body == body);
  CHECK(request.head.find("\r\nContent-Length: 16000000\r\n") != std::string::npos);
}

TEST_CASE("upload: an empty body has a length, a GET has none") {
  std::string head;
  Server server([&](Peer& peer) {
    while (true) {
      head = peer.read_request().head;
      peer.answer("");
    }
  });
  const auto http = client();
  http->send(put(server.url(), ""));
  CHECK(head.find("\r\nContent-Length: 0\r\n") != std::string::npos);
  http->send(get(server.url()));
  CHECK(head.find("Content-Length") == std::string::npos);
}

TEST_CASE("upload: an answer that comes before the end is not lost") {
  const std::string body = large_body();
  for (const std::string refusal : {"403 Forbidden", "413 Too Large", "503 Busy"}) {
    for (const std::string how : {"hang", "close", "drain"}) {
      CAPTURE(refusal);
      CAPTURE(how);
      Server server([&](Peer& peer) {
        peer.read_head();
        // It serves nothing more. If it took the whole request meanwhile, nothing else says so.
        peer.send("HTTP/1.1 " + refusal + "\r\nConnection: close\r\nContent-Length: 3\r\n\r\nwhy");
        if (how == "hang") peer.hang();
        if (how == "drain") peer.wait_for_end();
      });
      const auto http = client();
      for (int i = 0; i < 2; ++i) {
        const HttpResponse response = http->send(put(server.url(), body));
        CHECK(response.status == std::stoul(refusal));
        CHECK(text(response) == "why");
      }
      if (how != "drain") CHECK(server.connections() == 2);
    }
  }
}

TEST_CASE("upload: success before all was sent is not believed") {
  const std::string body = large_body();
  Server server([&](Peer& peer) {
    peer.read_head();
    peer.answer("", "201 Created");
    peer.hang();
  });
  const Error error = error_of([&] { client()->send(put(server.url(), body)); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::maybe);
  CHECK(error.message().find("before it had the whole request") != std::string::npos);
}

TEST_CASE("upload: a connection that ends without an answer") {
  const std::string body = large_body();
  for (const bool is_reset : {false, true}) {
    Server server([&](Peer& peer) {
      peer.read_head();
      peer.read(1'000'000);
      if (is_reset) peer.reset();
    });
    const Error error = error_of([&] { client()->send(put(server.url(), body)); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::maybe);
    CHECK(error.message().find("before an answer came") != std::string::npos);
  }
}
