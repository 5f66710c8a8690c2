// The head of an answer and its chunks, taken apart by Boost.Beast. Included by one file only, as
// it takes long to compile.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <optional>
#include <string>

#include "net/http.hpp"

namespace sapdr::core {

constexpr uint32_t max_head = 64 * 1024;

// Where the body of an answer goes: a buffer of the caller's, or a growing one with a limit.
class BodySink {
 public:
  BodySink(ByteSpan into, Bytes& body, uint64_t max) : into_(into), body_(body), max_(max) {}

  // False if it does not fit.
  [[nodiscard]] bool put(ByteView piece) {
    if (piece.size() > left()) return false;
    if (into_.empty()) {
      body_.insert(body_.end(), piece.begin(), piece.end());
    } else if (!piece.empty()) {
      std::memcpy(into_.data() + size_, piece.data(), piece.size());
    }
    size_ += piece.size();
    return true;
  }
  // `size` bytes to be filled in by the caller; there has to be room for them.
  ByteSpan take(size_t size) {
    if (into_.empty()) body_.resize(static_cast<size_t>(size_) + size);
    const ByteSpan place = (into_.empty() ? ByteSpan(body_) : into_).subspan(size_, size);
    size_ += size;
    return place;
  }

  bool is_fixed() const { return !into_.empty(); }
  uint64_t left() const { return (into_.empty() ? max_ : into_.size()) - size_; }
  uint64_t size() const { return size_; }

 private:
  const ByteSpan into_;
  Bytes& body_;
  const uint64_t max_;
  size_t size_ = 0;
};

class ResponseParser final : public boost::beast::http::basic_parser<false> {
 public:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  // `is_bodiless`: the answer to HEAD or CONNECT.
  ResponseParser(HttpResponse& response, bool is_bodiless) : response_(response) {
    header_limit(max_head);
    body_limit(boost::none);
    skip(is_bodiless);
  }

  // From now on, once the head is there.
  void set_sink(BodySink& sink) { sink_ = &sink; }
  bool is_too_large() const { return is_too_large_; }

 private:
  void on_request_impl(boost::beast::http::verb, string_view, string_view, int,
                       error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override {
    response_.status = static_cast<unsigned>(code);
  }
  void on_field_impl(boost::beast::http::field, string_view name, string_view value,
                     error_code& error) override {
    head_size_ += name.size() + value.size() + 4;
    if (head_size_ > max_head) {
      error = boost::beast::http::error::header_limit;
      return;
    }
    // A trailer, behind the last chunk, is not part of the head.
    if (sink_ == nullptr) response_.headers.add(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code& error) override {
    return store(body, error);
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
    return store(body, error);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t store(string_view body, error_code& error) {
    if (sink_->put({reinterpret_cast<const std::byte*>(body.data()), body.size()})) {
      return body.size();
    }
    is_too_large_ = true;
    error = boost::beast::http::error::body_limit;
    return 0;
  }

  HttpResponse& response_;
  BodySink* sink_ = nullptr;
  size_t head_size_ = 0;
  bool is_too_large_ = false;
};

}  // namespace sapdr::core
