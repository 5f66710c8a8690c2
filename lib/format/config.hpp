// The config of a repository.
#pragma once

#include <string>

#include "chunking/polynomial.hpp"

namespace sapdr::core {

struct Config {
  uint32_t version = 2;
  std::string id;  // 64 hexadecimal digits
  Polynomial polynomial = 0;
};

// Throws Code::corrupt for JSON that is no config or a polynomial that is not irreducible of degree
// 53, Code::unsupported for a version that is neither 1 nor 2.
Config parse_config(std::string_view json);
std::string config_json(const Config& config);

}  // namespace sapdr::core
