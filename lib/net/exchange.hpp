// One request and its answer, over one connection.
#pragma once

#include <string>

#include "net/connection.hpp"
#include "net/http.hpp"

namespace sapdr::core {

class ResponseParser;
class BodySink;

class Exchange {
 public:
  Exchange(Connection& connection, Patience& patience)
      : connection_(connection), patience_(patience) {}

  // Sends `head` and the body of `request`, and receives the answer. Throws as HttpClient::send.
  HttpResponse run(ByteView head, const HttpRequest& request);

  // After run() returned: another request may follow on this connection.
  bool may_be_kept() const { return may_be_kept_; }
  // After run() threw: the connection ended before the first byte of an answer.
  bool is_unanswered() const { return is_unanswered_; }

 private:
  void send(ByteView head, ByteView body);
  void wait_until_sent();
  bool is_answered_early(short events);
  void receive_head(ResponseParser& parser, const HttpResponse& response);
  void receive_body(ResponseParser& parser, HttpResponse& response, const HttpRequest& request);
  void receive_exactly(ByteSpan to);
  void receive_parsed(ResponseParser& parser, const BodySink& sink);
  void parse(ResponseParser& parser);
  bool receive_more();
  [[noreturn]] void fail_ended();
  Error wrong_size(const BodySink& sink, const std::string& came) const;

  Connection& connection_;
  Patience& patience_;
  size_t sent_ = 0;
  std::string send_failure_;  // why not all was sent; empty: it was
  bool is_early_ = false;     // an answer came before all was sent
  bool is_answered_ = false;
  bool is_unanswered_ = false;
  bool may_be_kept_ = false;
};

}  // namespace sapdr::core
