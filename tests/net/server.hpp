// A server on the loopback interface that does what a script says, down to the byte, and badly if
// the test wants it to.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.hpp"

namespace sapdr::test {

// The other side went away, or the server is being destroyed: ends a script, as its return does.
struct Gone {};

// What the server has of one connection. For the thread of its script.
class Peer {
 public:
  Peer(core::Fd fd, unsigned nth) : number(nth), fd_(std::move(fd)) {}

  // The first connection is 0.
  const unsigned number;

  void accept_tls(SSL_CTX* ctx);
  // A head up to its empty line; what came behind it stays for the next call.
  std::string read_head();
  std::string read(size_t size);
  // Head and body, as its Content-Length says.
  struct Request {
    std::string head, body;
  };
  Request read_request();
  void send(std::string_view text);
  // An answer with a body and its length.
  void answer(std::string_view body, std::string_view status = "200 OK");
  // Nothing more is said, but what comes is taken, until the other side closes.
  void wait_for_end();
  // Nothing is read or said until the other side or the server is gone.
  void hang();
  void finish_sending();
  // Ends the connection at once, and the script.
  [[noreturn]] void reset();
  // An end that TLS, too, knows as one. What is not over is ended by the server.
  void close();
  int fd() const { return fd_.get(); }
  bool is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

 private:
  size_t receive(char* to, size_t size);

  core::Fd fd_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  std::string buffer_;
};

class Server {
 public:
  // `script` runs for each connection, each time in a thread of its own; the connection is closed
  // when it returns.
  explicit Server(std::function<void(Peer&)> script, SSL_CTX* tls = nullptr);
  ~Server();

  uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/", const std::string& host = "127.0.0.1") const;
  unsigned connections() const { return connections_; }

 private:
  void accept();
  void serve(Peer& peer);

  const std::function<void(Peer&)> script_;
  SSL_CTX* const tls_;
  uint16_t port_ = 0;
  core::Fd listener_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<unsigned> connections_{0};
  std::mutex mutex_;
  std::list<Peer> peers_;  // until the server is destroyed
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// To a port of this host. Throws Gone if nobody listens.
core::Fd connected_socket(uint16_t port);

// A port on which nobody listens.
uint16_t closed_port();

}  // namespace sapdr::test
