// The header of *.safetensors: its length, and JSON.
#pragma once

#include <memory>

#include "chunking/tensor_header.hpp"

namespace sapdr::core {

// Holds the header until it is complete; one of more than 2 MiB is refused.
std::unique_ptr<TensorHeader> make_safetensors_header();

}  // namespace sapdr::core
