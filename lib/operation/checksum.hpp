// Checksums of local files and folders, told or written into a manifest.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/context.hpp"
#include "base/id.hpp"
#include "component/files/patterns.hpp"
#include "observe/progress.hpp"

namespace sapdr::core {

// The SHA-256 of one file, read on this thread; a link is followed.
Id checksum_file(const std::string& path, Progress& progress);

struct ChecksumOptions {
  std::vector<std::string> paths = {};  // in the folder, or absolute; none: the whole folder
  PatternList excludes = {};
};

struct ChecksumResult {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t skipped = 0;  // links, devices, fifos, sockets
  uint64_t failed = 0;
};

using OnChecksum = std::function<void(const std::string& path, uint64_t size, const Id& id)>;

// Tells the SHA-256 of each regular file, in the byte order of the paths. Fills in `result` as far
// as it gets. Throws Code::not_found if a path does not exist, Code::incomplete if something could
// not be read.
void checksum_tree(const Context& context, const std::string& folder,
                   const ChecksumOptions& options, const OnChecksum& each, ChecksumResult& result,
                   Progress& progress);

// The same into a file that `sha256sum -c` reads in `folder`. It appears when it is whole, also if
// something could not be read, unless nothing could; and does not name itself.
void write_manifest(const Context& context, const std::string& folder, const std::string& manifest,
                    const ChecksumOptions& options, ChecksumResult& result, Progress& progress);

}  // namespace sapdr::core
