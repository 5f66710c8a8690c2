#include "format/blob.hpp"

namespace sapdr::core {

const char* to_string(BlobType type) {
  return type == BlobType::data ? "data" : "tree";
}

}  // namespace sapdr::core
