#include "server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace sapdr::test {

namespace {

core::Fd new_socket() {
  return core::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

core::Fd bound_socket(uint16_t& port) {
  core::Fd fd = new_socket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("could not bind a socket");
  }
  port = ntohs(address.sin_port);
  return fd;
}

// From the head of a request; 0 if it has none.
size_t content_length(const std::string& head) {
  std::string small = head;
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const size_t at = small.find("\r\ncontent-length: ");
  return at == small.npos ? 0 : std::strtoul(small.c_str() + at + 18, nullptr, 10);
}

}  // namespace

void Peer::accept_tls(SSL_CTX* ctx) {
  ssl_.reset(SSL_new(ctx));
  SSL_set_fd(ssl_.get(), fd_.get());
  if (SSL_accept(ssl_.get()) != 1) throw Gone();
}

size_t Peer::receive(char* to, size_t size) {
  if (ssl_) {
    const int n = SSL_read(ssl_.get(), to, static_cast<int>(size));
    return n < 0 ? 0 : static_cast<size_t>(n);
  }
  const ssize_t n = core::retry_eintr([&] { return ::recv(fd_.get(), to, size, 0); });
  return n < 0 ? 0 : static_cast<size_t>(n);
}

std::string Peer::read_head() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
    char piece[4096];
    const size_t n = receive(piece, sizeof piece);
    if (n == 0) throw Gone();
    buffer_.append(piece, n);
  }
  std::string head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  return head;
}

std::string Peer::read(size_t size) {
  std::string text = buffer_.substr(0, size);
  buffer_.erase(0, size);
  size_t done = text.size();
  text.resize(size);
  while (done < size) {
    const size_t n = receive(text.data() + done, size - done);
    if (n == 0) throw Gone();
    done += n;
  }
  return text;
}

Peer::Request Peer::read_request() {
  Request request;
  request.head = read_head();
  request.body = read(content_length(request.head));
  return request;
}

void Peer::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ssl_ ? SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()))
                           : core::retry_eintr([&] {
                               return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
                             });
    if (n <= 0) throw Gone();
    text.remove_prefix(static_cast<size_t>(n));
  }
}

void Peer::answer(std::string_view body, std::string_view status) {
  send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
       "\r\n\r\n" + std::string(body));
}

void Peer::wait_for_end() {
  char piece[65536];
  while (receive(piece, sizeof piece) > 0) {
  }
}

void Peer::hang() {
  pollfd polled{fd_.get(), POLLRDHUP, 0};
  ::poll(&polled, 1, 60'000);
}

void Peer::finish_sending() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void Peer::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  if (ssl_) SSL_set_quiet_shutdown(ssl_.get(), 1);
  throw Gone();
}

void Peer::close() {
  if (ssl_) SSL_shutdown(ssl_.get());
  ssl_.reset();
  fd_ = core::Fd();
}

Server::Server(std::function<void(Peer&)> script, SSL_CTX* tls)
    : script_(std::move(script)), tls_(tls), listener_(bound_socket(port_)) {
  if (::listen(listener_.get(), 128) != 0) throw std::runtime_error("could not listen");
  acceptor_ = std::thread([this] { accept(); });
}

Server::~Server() {
  is_stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const Peer& peer : peers_) {
      if (peer.fd() >= 0) ::shutdown(peer.fd(), SHUT_RDWR);
    }
  }
  for (std::thread& thread : threads_) thread.join();
}

std::string Server::url(std::string_view path, const std::string& host) const {
  return std::string(tls_ == nullptr ? "http://" : "https://") + host + ":" +
         std::to_string(port_) + std::string(path);
}

void Server::accept() {
  while (!is_stopping_) {
    core::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) continue;
    // What a server said before it resets a connection must not wait in its own queue.
    const int yes = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const std::lock_guard lock(mutex_);
    Peer& peer = peers_.emplace_back(std::move(fd), connections_++);
    threads_.emplace_back([this, &peer] { serve(peer); });
  }
}

void Server::serve(Peer& peer) {
  // OpenSSL's own sockets raise it, and tests count how often the client does.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  try {
    if (tls_ != nullptr) peer.accept_tls(tls_);
    script_(peer);
  } catch (const Gone&) {
    // The test says whether that is right.
  }
  const std::lock_guard lock(mutex_);
  peer.close();
}

core::Fd connected_socket(uint16_t port) {
  core::Fd fd = new_socket();
  const sockaddr_in address = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw Gone();
  }
  return fd;
}

uint16_t closed_port() {
  uint16_t port = 0;
  bound_socket(port);
  return port;
}

}  // namespace sapdr::test
