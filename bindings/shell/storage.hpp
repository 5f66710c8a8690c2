// Storage at a location, with the options that -o and --cacert give for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "handles.hpp"

namespace sapdr::shell {

struct StorageOptions {
  std::vector<std::string> extended;  // "azure.connections=5", as restic names them
  std::string ca_file;
  std::string retry_for;    // a duration; empty: as the library does by itself
  bool only_reads = false;  // then the second copy in Azure may serve if the first one is gone
  std::uint64_t limit_upload = 0;  // bytes a second; 0: not limited
  std::uint64_t limit_download = 0;
};

// Each call keeps to the limits, also one that is made again. Throws a usage error for an option
// that is none.
Backend open_storage(sapdr_ctx* context, const std::string& location,
                     const StorageOptions& options);

}  // namespace sapdr::shell
