#include "capi/streams.hpp"

#include <optional>
#include <utility>

#include "capi/options.hpp"

namespace sapdr::capi {

namespace {

size_t read_stream(const TakenStream& stream, const std::string& path, core::ByteSpan out) {
  size_t size = 0;
  sapdr_error* failure = nullptr;
  const sapdr_status status = stream->read(stream->user, out.data(), out.size(), &size, &failure);
  const std::string what = "\"read\" of the stream " + path;
  if (status != SAPDR_OK) throw callback_error(status, failure, what).with("path", path);
  sapdr_error_free(failure);
  if (size > out.size()) {
    throw Error(Code::invalid_argument, "the callback " + what + " told more bytes than it had " +
                                            "room for: " + std::to_string(size));
  }
  return size;
}

core::NamedStream named(const std::shared_ptr<const TakenStream>& taken, core::UnixNs time) {
  const TakenStream& stream = *taken;
  require(stream->read, "read");
  core::NamedStream named;
  named.path = &require(stream->path, "path");
  if (stream->mode != 0) {
    named.mode = static_cast<uint32_t>(require_range(stream->mode, 0, 07777, "mode"));
  }
  named.mtime = stream->mtime_ns == 0 ? time : stream->mtime_ns;
  named.size_hint = stream->size_hint;
  named.read = [taken, path = named.path](core::ByteSpan out) {
    return read_stream(*taken, path, out);
  };
  return named;
}

std::optional<core::NamedStream> next_of(const sapdr_source_table& table, core::UnixNs time) {
  sapdr_stream stream;
  SAPDR_INIT(&stream);
  sapdr_error* failure = nullptr;
  const sapdr_status status = table.next(table.user, &stream, &failure);
  if (status != SAPDR_OK) throw callback_error(status, failure, "\"next\" of the source");
  sapdr_error_free(failure);
  if (stream.path == nullptr) return std::nullopt;
  return named(std::make_shared<const TakenStream>(stream), time);
}

}  // namespace

// The structs lie one behind the other in the size that the caller's headers gave them.
TakenStreams take_streams(const sapdr_stream* streams, size_t n) {
  std::vector<sapdr_stream> read;
  if (n == 0) return {};
  const size_t stride = require(streams, "streams").struct_size;
  const char* at = reinterpret_cast<const char*>(streams);
  for (size_t i = 0; i < n; ++i, at += stride) {
    const auto* stream = reinterpret_cast<const sapdr_stream*>(at);
    if (stream->struct_size != stride) {
      throw Error(Code::invalid_argument,
                  "not all streams have the same struct_size; start each "
                  "of them with SAPDR_INIT");
    }
    read.push_back(read_options(stream, "streams"));
  }
  TakenStreams taken;
  taken.reserve(n);
  for (const sapdr_stream& stream : read) {
    taken.push_back(std::make_shared<const TakenStream>(stream));
  }
  return taken;
}

std::unique_ptr<core::Source> make_source(TakenStreams streams, core::UnixNs time) {
  std::vector<core::NamedStream> all;
  for (const auto& taken : streams) all.push_back(named(taken, time));
  return core::make_stream_source(std::move(all));
}

std::unique_ptr<core::Source> make_source(const sapdr_source_table& table, size_t threads,
                                          core::UnixNs time) {
  require(table.next, "next");
  core::LazyStreams streams;
  streams.next = [table, time] { return next_of(table, time); };
  if (table.n_paths != 0) streams.paths = read_strings(table.paths, table.n_paths, "paths");
  streams.max_open = table.max_open != 0 ? table.max_open : threads;
  streams.folder_time = time;
  return core::make_stream_source(std::move(streams));
}

}  // namespace sapdr::capi
