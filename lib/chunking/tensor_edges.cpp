#include "chunking/tensor_edges.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "chunking/gguf.hpp"
#include "chunking/rabin.hpp"
#include "chunking/safetensors.hpp"

namespace sapdr::core {

namespace {

std::unique_ptr<TensorHeader> make_header(std::string_view name) {
  if (name.ends_with(".safetensors")) return make_safetensors_header();
  if (name.ends_with(".gguf")) return make_gguf_header();
  return nullptr;
}

std::vector<uint64_t> edges_at(TensorHeader::Offsets offsets) {
  std::ranges::sort(offsets);
  std::vector<uint64_t> edges;
  uint64_t last = 0;
  for (const uint64_t offset : offsets) {
    if (offset - last < min_chunk) continue;
    edges.push_back(offset);
    last = offset;
  }
  return edges;
}

}  // namespace

TensorEdges::TensorEdges(std::string_view name) : header_(make_header(name)) {}

void TensorEdges::update(ByteView data) {
  if (!header_) return;
  try {
    auto offsets = header_->update(data);
    if (!offsets) return;
    edges_ = edges_at(std::move(*offsets));
  } catch (const Error& error) {
    if (error.code() != Code::corrupt) throw;  // it is a file like any other
  }
  header_.reset();
}

uint64_t TensorEdges::after(uint64_t offset) {
  while (next_ < edges_.size() && edges_[next_] <= offset) ++next_;
  return next_ < edges_.size() ? edges_[next_] : UINT64_MAX;
}

}  // namespace sapdr::core
