// Streams of the caller's as sources.
#pragma once

#include <sapdr/ext/source.h>

#include <memory>
#include <vector>

#include "component/streams/stream_source.hpp"

namespace sapdr::capi {

// A stream that was taken over: it is closed when this is destroyed.
class TakenStream {
 public:
  explicit TakenStream(const sapdr_stream& stream) : stream_(stream) {}
  ~TakenStream() {
    if (stream_.close != nullptr) stream_.close(stream_.user);
  }
  TakenStream(const TakenStream&) = delete;
  TakenStream& operator=(const TakenStream&) = delete;

  const sapdr_stream* operator->() const { return &stream_; }

 private:
  const sapdr_stream stream_;
};

using TakenStreams = std::vector<std::shared_ptr<const TakenStream>>;

// Takes over the streams of an array, all or none.
TakenStreams take_streams(const sapdr_stream* streams, size_t n);

// `time`: of streams that have none, and of the folders of a table.
std::unique_ptr<core::Source> make_source(TakenStreams streams, core::UnixNs time);
std::unique_ptr<core::Source> make_source(const sapdr_source_table& table, size_t threads,
                                          core::UnixNs time);

}  // namespace sapdr::capi
