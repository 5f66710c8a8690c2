// Verify against a manifest: are local files what `sha256sum`, or we, said of them?
#pragma once

#include <string>
#include <vector>

#include "base/context.hpp"
#include "component/files/patterns.hpp"
#include "observe/progress.hpp"

namespace sapdr::core {

struct ManifestOptions {
  std::vector<std::string> paths = {};  // where extra files are looked for; none: nowhere
  PatternList excludes = {};            // among them
  bool ignore_missing = false;
  bool strict = false;
};

struct ManifestResult {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t matching = 0;
  uint64_t missing = 0;
  uint64_t differing = 0;
  uint64_t extra = 0;
  uint64_t failed = 0;
  uint64_t malformed = 0;
};

// Compares the files that a manifest names, seen from `folder`, with it. Fills in `result` as far
// as it gets. Throws Code::checksum if something is missing or differs, Code::incomplete if
// something could not be read, the manifest's own lines included.
void verify_manifest(const Context& context, const std::string& folder, const std::string& manifest,
                     const ManifestOptions& options, ManifestResult& result, Progress& progress);

}  // namespace sapdr::core
