#include "chunking/tensor_edges.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "chunking/rabin.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view what = "the header of a safetensors file";
// The length of the header, little-endian.
constexpr size_t length_size = 8;

uint64_t json_offset(const boost::json::value& value) {
  boost::json::error_code error;
  const auto offset = value.to_number<uint64_t>(error);
  if (error) throw Error(Code::corrupt, std::string(what) + " has an offset that is no number");
  return offset;
}

}  // namespace

std::vector<uint64_t> safetensors_edges(std::string_view json, uint64_t data_begin) {
  const auto value = parse_json(json, what);
  if (!value.is_object()) throw Error(Code::corrupt, std::string(what) + " is no JSON object");
  std::vector<uint64_t> all;
  for (const auto& [name, tensor] : value.get_object()) {
    if (name == "__metadata__") continue;
    const JsonReader reader(tensor, what);
    const boost::json::array* const offsets = reader.array("data_offsets");
    if (offsets == nullptr || offsets->size() != 2) reader.fail("data_offsets", "is no pair");
    for (const auto& offset : *offsets) {
      const uint64_t at = json_offset(offset);
      if (at > UINT64_MAX - data_begin) reader.fail("data_offsets", "is too big");
      all.push_back(data_begin + at);
    }
  }
  std::ranges::sort(all);
  std::vector<uint64_t> edges;
  uint64_t last = 0;
  for (const uint64_t edge : all) {
    if (edge - last < min_chunk) continue;
    edges.push_back(edge);
    last = edge;
  }
  return edges;
}

TensorEdges::TensorEdges(std::string_view name) : is_waiting_(name.ends_with(".safetensors")) {}

bool TensorEdges::needs_more(ByteView beginning) {
  if (!is_waiting_) return false;
  if (beginning.size() < length_size) return true;
  const uint64_t length = load_le<uint64_t>(beginning.data());
  const bool is_plausible = length <= max_beginning - length_size;
  if (is_plausible && beginning.size() < length_size + length) return true;
  is_waiting_ = false;
  if (is_plausible) read_header(beginning.subspan(length_size, static_cast<size_t>(length)));
  return false;
}

void TensorEdges::read_header(ByteView json) {
  try {
    edges_ = safetensors_edges(as_text(json), length_size + json.size());
  } catch (const Error& error) {
    if (error.code() != Code::corrupt) throw;  // it is a file like any other
  }
}

uint64_t TensorEdges::after(uint64_t offset) {
  while (next_ < edges_.size() && edges_[next_] <= offset) ++next_;
  return next_ < edges_.size() ? edges_[next_] : UINT64_MAX;
}

}  // namespace sapdr::core
