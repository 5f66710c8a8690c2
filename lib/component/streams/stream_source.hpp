// Named streams as a source: whatever a program can read out becomes files of a snapshot, without
// temporary files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "repository/source.hpp"

namespace sapdr::core {

struct NamedStream {
  std::string path;  // absolute in the snapshot
  uint32_t mode = 0600;
  UnixNs mtime = 0;
  uint64_t size_hint = 0;
  // Fills the buffer as far as it can; 0 is the end. Throws if it fails. Destroyed when the stream
  // is not needed any more.
  std::function<size_t(ByteSpan)> read;
};

// Streams that are made when their turn comes.
struct LazyStreams {
  // The next one; nothing at the end. Throws if it fails. Streams of one folder, and of those below
  // it, come one after the other.
  std::function<std::optional<NamedStream>()> next;
  // What the snapshot names: each stream is one of them, or below one.
  std::vector<std::string> paths = {"/"};
  // Streams that exist at once: `next` is called when there are fewer.
  size_t max_open = 1;
  UnixNs folder_time = 0;
};

// Folders on the way to a stream are made up, with mode 0700. The source throws
// Code::invalid_argument for a path that is not absolute, has an unsafe component, comes twice, or
// leads back into a folder that was left.
std::unique_ptr<Source> make_stream_source(LazyStreams streams);

// Streams that are all there, in any order. Folders get the time of the newest. Throws at once.
std::unique_ptr<Source> make_stream_source(std::vector<NamedStream> streams);

}  // namespace sapdr::core
