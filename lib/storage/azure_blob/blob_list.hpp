// What List Blobs answers: a page of names.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

struct ListedBlob {
  std::string name;  // in the container
  uint64_t size = 0;
  UnixNs modified = 0;
  Warmth warmth = Warmth::ready;
};

struct BlobPage {
  std::vector<ListedBlob> blobs;
  std::string next;  // the marker of the page behind it; empty: it was the last
};

// Throws Code::network, as such an answer comes from something between us and the service.
BlobPage parse_blob_page(ByteView xml);

// The code in the body of a failure; empty if there is none.
std::string parse_error_code(ByteView xml);

}  // namespace sapdr::core
