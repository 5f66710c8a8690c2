// The config of a repository.
#pragma once

#include <string>

#include "chunking/polynomial.hpp"
#include "format/codec.hpp"

namespace sapdr::core {

// What the config of a repository with the tensor codec says is its version: a number that restic
// will not come to, so that programs which do not know the codec refuse the repository instead of
// calling its blobs damaged.
inline constexpr uint32_t tensor_version = 0x53415044;

struct Config {
  uint32_t version = 2;
  std::string id;  // 64 hexadecimal digits
  Polynomial polynomial = 0;
  BlobCodec codec = BlobCodec::zstd;  // tensor: everything else is as in version 2
};

// Throws Code::corrupt for JSON that is no config or a polynomial that is not irreducible of degree
// 53, Code::unsupported for a version that is not known.
Config parse_config(std::string_view json);
std::string config_json(const Config& config);

}  // namespace sapdr::core
