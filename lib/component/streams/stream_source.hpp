// Named streams as a source: whatever a program can read out becomes files of a snapshot, without
// temporary files.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "repository/source.hpp"

namespace sapdr::core {

struct NamedStream {
  std::string path;  // absolute in the snapshot
  uint32_t mode = 0600;
  UnixNs mtime = 0;
  uint64_t size_hint = 0;
  // Fills the buffer as far as it can; 0 is the end. Throws if it fails.
  std::function<size_t(ByteSpan)> read;
};

// Folders on the way to a stream are made up: mode 0700, time of the newest stream. Throws
// Code::invalid_argument for a path that is not absolute, has an unsafe component, or comes twice.
std::unique_ptr<Source> make_stream_source(std::vector<NamedStream> streams);

}  // namespace sapdr::core
