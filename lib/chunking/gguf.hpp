// The header of *.gguf, llama.cpp's files, in versions 2 and 3 and little-endian: counts, pairs of
// a key and a value, then what tensors there are.
#pragma once

#include <memory>

#include "chunking/tensor_header.hpp"

namespace sapdr::core {

// Holds offsets and one field at a time: the vocabularies among the values take megabytes. One of
// more than 262 144 tensors is refused.
std::unique_ptr<TensorHeader> make_gguf_header();

}  // namespace sapdr::core
