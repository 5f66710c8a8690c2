#include "net/exchange.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/response_parser.hpp"

namespace sapdr::core {

namespace {

using State = Stream::State;

// Of "100 Continue" and its like, before the answer.
constexpr int max_interim = 8;

short events_of(State state) {
  return state == State::wants_write ? POLLOUT : POLLIN;
}

constexpr std::chrono::milliseconds look_again(20);

// Bytes that were written and did not get to the other side yet, as far as the system knows.
size_t unsent(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

bool is_end(State state) {
  return state == State::closed || state == State::failed;
}

}  // namespace

HttpResponse Exchange::run(ByteView head, const HttpRequest& request) {
  send(head, request.body);
  if (!is_early_ && send_failure_.empty()) {
    wait_until_sent();
    patience_.enter(Phase::first_byte);
  }
  const bool is_bodiless = request.method == "HEAD" || request.method == "CONNECT";
  for (int interim = 0; interim <= max_interim; ++interim) {
    HttpResponse response;
    ResponseParser parser(response, is_bodiless);
    receive_head(parser, response);
    if (response.status < 200) continue;
    receive_body(parser, response, request);
    may_be_kept_ = parser.keep_alive() && !is_early_ && send_failure_.empty() &&
                   connection_.received().empty();
    return response;
  }
  throw patience_.network("the server sends interim answers without end", Retry::maybe);
}

// Returns when all was sent, when an answer came, or when the connection failed: then there may be
// an answer nevertheless, as servers close after they refused a request.
void Exchange::send(ByteView head, ByteView body) {
  patience_.enter(Phase::send);
  Stream& stream = connection_.stream();
  while (!head.empty() || !body.empty()) {
    const Stream::Step step = stream.write_some(head, body);
    if (is_end(step.state)) {
      send_failure_ = stream.failure();
      return;
    }
    if (step.state == State::moved) {
      const size_t of_head = std::min(head.size(), step.bytes);
      head = head.subspan(of_head);
      body = body.subspan(step.bytes - of_head);
      sent_ += step.bytes;
      patience_.moved(step.bytes);
      continue;
    }
    const auto events = static_cast<short>(events_of(step.state) | POLLIN);
    if (is_answered_early(patience_.wait(stream.socket(), events))) return;
  }
}

// What the system took may be megabytes, which a slow line still has to carry: until then there is
// nothing to answer.
void Exchange::wait_until_sent() {
  const int socket = connection_.stream().socket();
  for (size_t left = unsent(socket); left > 0;) {
    if (patience_.wait(socket, POLLIN, Patience::Clock::now() + look_again) != 0) return;
    const size_t before = std::exchange(left, unsent(socket));
    if (left < before) patience_.moved(before - left);
  }
}

bool Exchange::is_answered_early(short events) {
  if ((events & POLLIN) == 0) return false;
  const State state = connection_.fill().state;
  if (is_end(state)) {
    send_failure_ = connection_.stream().failure();
    return true;
  }
  if (state != State::moved) return false;  // something of TLS
  is_early_ = is_answered_ = true;
  patience_.enter(Phase::receive);
  return true;
}

void Exchange::receive_head(ResponseParser& parser, const HttpResponse& response) {
  while (true) {
    parse(parser);
    if (parser.is_header_done()) break;
    if (!receive_more()) fail_ended();
  }
  if (response.status == 101) {
    throw patience_.network("the server wants another protocol (101)", Retry::never);
  }
  // The caller must not take what was never sent for stored.
  if ((is_early_ || !send_failure_.empty()) && response.status / 100 == 2) {
    throw patience_.network("the server answered " + std::to_string(response.status) +
                                " before it had the whole request",
                            Retry::maybe);
  }
}

// Hands what was received to the parser.
void Exchange::parse(ResponseParser& parser) {
  while (!connection_.received().empty() && !parser.is_done()) {
    const ByteView bytes = connection_.received();
    boost::beast::error_code error;
    const size_t n = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    connection_.consume(n);
    if (parser.is_too_large()) return;
    if (error == boost::beast::http::error::need_more) {
      if (n > 0) continue;
      if (!connection_.is_full()) return;
      error = boost::beast::http::error::header_limit;
    }
    if (error == boost::beast::http::error::header_limit) {
      throw patience_.network("the head of the server's answer is larger than 64 KiB",
                              Retry::never);
    }
    if (error) {
      throw patience_.network("the server's answer is not HTTP: " + error.message(), Retry::maybe);
    }
    // A body of a known length is not for the parser.
    if (parser.is_header_done() && !parser.eager()) return;
  }
}

void Exchange::receive_body(ResponseParser& parser, HttpResponse& response,
                            const HttpRequest& request) {
  const bool is_wanted = response.status == 200 || response.status == 206;
  BodySink sink(is_wanted ? request.into : ByteSpan(), response.body, request.max_body);
  parser.set_sink(sink);
  const auto length = parser.content_length();
  if (!parser.is_done() && length) {
    if (*length > sink.left()) throw wrong_size(sink, std::to_string(*length));
    if (sink.is_fixed() && *length < sink.left()) throw wrong_size(sink, std::to_string(*length));
    receive_exactly(sink.take(static_cast<size_t>(*length)));
  } else if (!parser.is_done()) {
    receive_parsed(parser, sink);
  }
  if (sink.is_fixed() && sink.left() > 0) throw wrong_size(sink, std::to_string(sink.size()));
}

// Straight to where it belongs.
void Exchange::receive_exactly(ByteSpan to) {
  const ByteView there = connection_.received();
  const size_t n = std::min(to.size(), there.size());
  std::copy_n(there.begin(), n, to.begin());
  connection_.consume(n);
  to = to.subspan(n);
  Stream& stream = connection_.stream();
  while (!to.empty()) {
    const Stream::Step step = stream.read_some(to);
    if (step.state == State::moved) {
      to = to.subspan(step.bytes);
      patience_.moved(step.bytes);
    } else if (is_end(step.state)) {
      fail_ended();
    } else {
      patience_.wait(stream.socket(), events_of(step.state));
    }
  }
}

// Chunks, or a body that ends with the connection.
void Exchange::receive_parsed(ResponseParser& parser, const BodySink& sink) {
  parser.eager(true);
  while (true) {
    parse(parser);
    if (parser.is_too_large()) throw wrong_size(sink, "more");
    if (parser.is_done()) return;
    if (receive_more()) continue;
    boost::beast::error_code error;
    if (parser.need_eof()) parser.put_eof(error);
    if (!parser.is_done()) fail_ended();
  }
}

// False if the server closed the connection.
bool Exchange::receive_more() {
  while (true) {
    const auto [state, bytes] = connection_.fill();
    if (state == State::moved) {
      if (is_answered_) {
        patience_.moved(bytes);
      } else {
        is_answered_ = true;
        patience_.enter(Phase::receive);
      }
      return true;
    }
    if (state == State::closed) return false;
    if (state == State::failed) fail_ended();
    patience_.wait(connection_.stream().socket(), events_of(state));
  }
}

void Exchange::fail_ended() {
  is_unanswered_ = !is_answered_;
  std::string why = is_answered_ ? "the connection ended in the middle of the answer: "
                                 : "the connection ended before an answer came: ";
  why += send_failure_.empty() ? connection_.stream().failure() : send_failure_;
  throw patience_.network(why, sent_ == 0 ? Retry::yes : Retry::maybe);
}

Error Exchange::wrong_size(const BodySink& sink, const std::string& came) const {
  const std::string size = std::to_string(sink.size() + sink.left());
  if (sink.is_fixed()) {
    return patience_.network("the answer has " + came + " bytes instead of " + size, Retry::maybe);
  }
  return patience_.network("the answer is larger than the " + size + " bytes that are taken",
                           Retry::never);
}

}  // namespace sapdr::core
