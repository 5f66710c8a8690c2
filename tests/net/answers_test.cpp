// What comes back: bodies of every kind, whole or not, and heads that are none.
#include "client.hpp"

using namespace sapdr::test;

namespace {

// A server that answers each request on each connection with these bytes, and closes then.
auto saying(std::string bytes) {
  return [bytes](Peer& peer) {
    peer.read_request();
    peer.send(bytes);
    peer.finish_sending();
    peer.wait_for_end();
  };
}

Error error_for(const std::string& answer, ByteSpan into = {}) {
  Server server(saying(answer));
  HttpRequest request = get(server.url("/x?secret=1"));
  request.into = into;
  const Error error = error_of([&] { client()->send(request); });
  CHECK(error.message().find("GET " + server.url("/x")) == 0);
  CHECK(error.message().find("secret") == std::string::npos);
  return error;
}

}  // namespace

TEST_CASE("answer: status, headers of any case, body; the request as it was meant") {
  std::string head;
  Server server([&](Peer& peer) {
    head = peer.read_request().head;
    peer.send("HTTP/1.1 404 Nothing here\r\nX-One: 1\r\nx-one:2\r\nCONTENT-length: 3\r\n\r\nabc");
  });
  HttpRequest request = get(server.url("/a%20b/c?x=%2F&y"));
  request.headers.set("x-version", "1");
  request.headers.set("X-Version", "2");
  const HttpResponse response = client()->send(request);
  CHECK(response.status == 404);
  CHECK(*response.headers.find("X-ONE") == "1");
  CHECK(response.headers.find("X-Two") == nullptr);
  CHECK(text(response) == "abc");
  CHECK(head ==
        "GET /a%20b/c?x=%2F&y HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
            "\r\nConnection: keep-alive\r\nX-Version: 2\r\n\r\n");
}

TEST_CASE("answer: into the caller's buffer, if it is 200 or 206 and just as long") {
  for (const char* status : {"200", "206"}) {
    Server server(
        saying(std::string("HTTP/1.1 ") + status + " \r\nContent-Length: 5\r\n\r\nhello"));
    std::string buffer(5, '-');
    HttpRequest request = get(server.url());
    request.into = span_of(buffer);
    const HttpResponse response = client()->send(request);
    CHECK(buffer == "hello");
    CHECK(response.body.empty());
  }
  Server server(saying("HTTP/1.1 416 No\r\nContent-Length: 5\r\n\r\nhello"));
  std::string buffer(9, '-');
  HttpRequest request = get(server.url());
  request.into = span_of(buffer);
  CHECK(text(client()->send(request)) == "hello");
  CHECK(buffer == "---------");
}

TEST_CASE("answer: a body that is shorter or longer than the caller's buffer is refused") {
  for (const size_t size : {3, 4, 6, 7}) {
    for (const std::string answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\nhello"}) {
      CAPTURE(size);
      CAPTURE(answer);
      std::string buffer(size + 1, '-');
      const Error error = error_for(answer, span_of(buffer).first(size));
      CHECK(error.code() == Code::network);
      CHECK(error.retry() == Retry::maybe);
      CHECK(buffer.back() == '-');
    }
  }
}

TEST_CASE("answer: chunks, with extensions and trailers") {
  Server server(
      saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "5;a=b\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"));
  const HttpResponse response = client()->send(get(server.url()));
  CHECK(text(response) == "hello 0123456789");
  CHECK(response.headers.find("X-Trailer") == nullptr);
  std::string buffer(16, '-');
  HttpRequest request = get(server.url());
  request.into = span_of(buffer);
  client()->send(request);
  CHECK(buffer == "hello 0123456789");
}

TEST_CASE("answer: byte by byte") {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  Server server([&](Peer& peer) {
    peer.read_request();
    for (const char byte : answer) {
      peer.send({&byte, 1});
      std::this_thread::sleep_for(1ms);
    }
    peer.wait_for_end();
  });
  CHECK(text(client()->send(get(server.url()))) == "abcde");
}

TEST_CASE("answer: none of a body for HEAD, 204 and 304, on a connection that is kept") {
  Server server([](Peer& peer) {
    while (true) {
      const std::string head = peer.read_request().head;
      if (head.starts_with("HEAD")) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      if (head.starts_with("DELETE")) peer.send("HTTP/1.1 204 No Content\r\n\r\n");
      if (head.starts_with("GET")) {
        peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
      }
    }
  });
  const auto http = client();
  for (const char* method : {"HEAD", "DELETE", "GET", "HEAD"}) {
    HttpRequest request = get(server.url());
    request.method = method;
    CHECK(http->send(request).body.empty());
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("answer: interim ones are passed over, not without end") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    peer.answer("it");
  });
  CHECK(text(client()->send(get(server.url()))) == "it");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(error_for(many).code() == Code::network);
  CHECK(error_for("HTTP/1.1 101 Switching Protocols\r\n\r\n").retry() == Retry::never);
}

TEST_CASE("answer: one that ends in the middle may be tried again") {
  for (const std::string answer :
       {"", "H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
    CAPTURE(answer);
    const Error error = error_for(answer);
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::maybe);
    std::string buffer(5, '-');
    CHECK(error_for(answer, span_of(buffer)).retry() == Retry::maybe);
  }
}

TEST_CASE("answer: a connection that is reset in the middle of a body") {
  Server server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    std::this_thread::sleep_for(50ms);
    peer.reset();
  });
  const Error error = error_of([&] { client()->send(get(server.url())); });
  CHECK(error.code() == Code::network);
  CHECK(error.retry() == Retry::maybe);
  CHECK(error.message().find("reset") != std::string::npos);
}

TEST_CASE("answer: what is not HTTP is refused") {
  for (const std::string answer :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n", "\r\n\r\n\r\n\r\n", "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"}) {
    CAPTURE(answer);
    CHECK(error_for(answer).code() == Code::network);
  }
}

TEST_CASE("answer: heads and bodies without end are not taken") {
  const std::string start = "HTTP/1.1 200 OK\r\n";
  std::string many = start;
  for (int i = 0; i < 10000; ++i) many += "X-Header: value\r\n";
  const std::string long_line = start + "X-Header: " + std::string(200'000, 'x');
  for (const std::string& head : {many, long_line, start + std::string(200'000, 'x'),
                                  "HTTP/1.1 200 " + std::string(200'000, 'x')}) {
    const Error error = error_for(head);
    CHECK(error.code() == Code::network);
    CHECK(error.message().size() < 500);
  }
  const std::string chunk_line =
      start + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(300'000, 'x');
  CHECK(error_for(chunk_line).code() == Code::network);
  Server announced(saying(start + "Content-Length: 99999999999\r\n\r\nhello"));
  Server chunked(saying(start + "Transfer-Encoding: chunked\r\n\r\n" +
                        std::string("6\r\nhello!\r\n") + "0\r\n\r\n"));
  Server endless(saying(start + "\r\nhello!"));
  for (const Server* server : {&announced, &chunked, &endless}) {
    HttpRequest request = get(server->url());
    request.max_body = 5;
    const Error error = error_of([&] { client()->send(request); });
    CHECK(error.code() == Code::network);
    CHECK(error.retry() == Retry::never);
  }
}

TEST_CASE("answer: a large one arrives as it was sent") {
  std::string body(20'000'000, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i >> 5);
  Server server([&](Peer& peer) {
    while (true) {
      peer.read_request();
      peer.answer(body);
    }
  });
  std::string buffer(body.size(), '-');
  HttpRequest request = get(server.url());
  request.into = span_of(buffer);
  client()->send(request);
  CHECK(buffer == body);
  request.into = {};
  request.max_body = body.size();
  CHECK(text(client()->send(request)) == body);
}

TEST_CASE("request: what would be read as something else is not sent") {
  Server server([](Peer& peer) {
    while (true) {
      peer.read_request();
      peer.answer("");
    }
  });
  const auto refused = [&](auto change) {
    HttpRequest request = get(server.url());
    change(request);
    return code_of([&] { client()->send(request); }) == Code::invalid_argument;
  };
  CHECK(refused([](HttpRequest& r) { r.method = "GET / HTTP/1.1\r\nX: y"; }));
  CHECK(refused([](HttpRequest& r) { r.method = ""; }));
  CHECK(refused([](HttpRequest& r) { r.headers.set("x-a", "1\r\nx-b: 2"); }));
  CHECK(refused([](HttpRequest& r) { r.headers.set("x-a: 1\r\nx-b", "2"); }));
  CHECK(refused([](HttpRequest& r) { r.headers.set("", "2"); }));
  CHECK(refused([](HttpRequest& r) { r.headers.set("content-length", "2"); }));
  CHECK(refused([](HttpRequest& r) { r.headers.set("Transfer-Encoding", "chunked"); }));
  CHECK(refused([](HttpRequest& r) { r.url.path = "/a b"; }));
  CHECK(refused([](HttpRequest& r) { r.url.path = "nothing"; }));
  CHECK(refused([](HttpRequest& r) { r.url.query = "a\r\nb"; }));
  CHECK_FALSE(refused([](HttpRequest& r) { r.headers.set("x-a", "a\tb \xc3\xa4"); }));
  CHECK(server.connections() == 1);
}
