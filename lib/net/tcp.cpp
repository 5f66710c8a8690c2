#include "net/tcp.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

namespace sapdr::core {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// What one system call may move: enough to make calls rare, little enough to notice a cancel.
constexpr size_t max_step = 1024 * 1024;

asio::const_buffer buffer_of(ByteView bytes) {
  return {bytes.data(), std::min(bytes.size(), max_step)};
}

// Asio's socket, never waited for by Asio: the thread that wants something polls the socket itself
// (net/patience.hpp), so there are no handlers, no other threads and nothing that outlives a call.
// Asio sends without SIGPIPE.
class TcpStream final : public Stream {
 public:
  // False with failure() if the address does not answer until `limit`.
  bool connect(const tcp::endpoint& to, Patience& patience, Patience::Clock::time_point limit);

  Step read_some(ByteSpan to) override {
    error_code error;
    const size_t n =
        socket_.read_some(asio::buffer(to.data(), std::min(to.size(), max_step)), error);
    return step(n, error, State::wants_read);
  }

  Step write_some(ByteView first, ByteView second) override {
    error_code error;
    size_t n = 0;
    if (first.empty() || second.empty() || first.size() > max_step) {
      n = socket_.write_some(buffer_of(first.empty() ? second : first), error);
    } else {
      n = socket_.write_some(std::array{buffer_of(first), buffer_of(second)}, error);
    }
    return step(n, error, State::wants_write);
  }

  int socket() const override { return native_; }
  const std::string& failure() const override { return failure_; }

 private:
  Step step(size_t bytes, const error_code& error, State wants) {
    if (!error) return {State::moved, bytes};
    if (error == asio::error::would_block || error == asio::error::try_again) return {wants};
    if (error == asio::error::eof) {
      failure_ = "the server closed the connection";
      return {State::closed};
    }
    return fail(error);
  }
  Step fail(const error_code& error) {
    failure_ = error.message();
    return {State::failed};
  }

  asio::io_context io_{1};
  tcp::socket socket_{io_};
  int native_ = -1;
  std::string failure_;
};

bool TcpStream::connect(const tcp::endpoint& to, Patience& patience,
                        Patience::Clock::time_point limit) {
  error_code error;
  socket_.open(to.protocol(), error);
  if (!error) socket_.non_blocking(true, error);
  if (!error) socket_.set_option(tcp::no_delay(true), error);
  if (error) return fail(error).state == State::moved;
  native_ = socket_.native_handle();
  // Asio's own connect() waits.
  if (::connect(native_, to.data(), static_cast<socklen_t>(to.size())) == 0) return true;
  int errnum = errno;
  if (errnum == EINPROGRESS || errnum == EINTR) {
    if (patience.wait(native_, POLLOUT, limit) == 0) {
      errnum = ETIMEDOUT;
    } else {
      socklen_t size = sizeof errnum;
      if (::getsockopt(native_, SOL_SOCKET, SO_ERROR, &errnum, &size) != 0) errnum = errno;
    }
  }
  if (errnum == 0) return true;
  fail(error_code(errnum, boost::system::system_category()));
  return false;
}

std::vector<tcp::endpoint> addresses_of(const std::string& host, uint16_t port,
                                        const Patience& patience) {
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) return {tcp::endpoint(address, port)};
  asio::io_context io(1);
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(host, std::to_string(port), tcp::resolver::flags::numeric_service, error);
  if (error) {
    const bool is_unknown = error == asio::error::host_not_found || error == asio::error::no_data;
    throw patience
        .network("could not find the host " + host + ": " + error.message(),
                 is_unknown ? Retry::never : Retry::yes)
        .with("host", host);
  }
  std::vector<tcp::endpoint> addresses;
  for (const auto& each : found) addresses.push_back(each.endpoint());
  return addresses;
}

}  // namespace

StreamPtr connect_tcp(const std::string& host, uint16_t port, const std::string& shown,
                      Patience& patience) {
  const std::vector<tcp::endpoint> addresses = addresses_of(host, port, patience);
  std::string failure = "it has no address";
  for (size_t i = 0; i < addresses.size(); ++i) {
    patience.check_cancel();
    const auto now = Patience::Clock::now();
    const auto share = (patience.end() - now) / static_cast<int64_t>(addresses.size() - i);
    const bool is_last = i + 1 == addresses.size();
    auto stream = std::make_unique<TcpStream>();
    if (stream->connect(addresses[i], patience, is_last ? patience.end() : now + share)) {
      return stream;
    }
    failure = stream->failure();
  }
  throw patience.network("could not connect to " + shown + ": " + failure, Retry::yes)
      .with("host", host);
}

}  // namespace sapdr::core
