// Dump: the content of one file of a snapshot.
#pragma once

#include <functional>
#include <string_view>

#include "observe/progress.hpp"
#include "repository/snapshots.hpp"

namespace sapdr::core {

// Blobs are loaded ahead on all threads and handed to `write` in order. Throws Code::not_found,
// Code::invalid_argument if `path` is no file.
void dump(Repository& repository, const SnapshotRef& ref, std::string_view path,
          const std::function<void(ByteView)>& write, Progress& progress);

}  // namespace sapdr::core
