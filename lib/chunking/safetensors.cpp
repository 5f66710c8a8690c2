#include "chunking/safetensors.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace sapdr::core {

namespace {

constexpr std::string_view what = "the header of a safetensors file";
// The length of the JSON, little-endian.
constexpr size_t length_size = 8;
constexpr size_t max_size = 2 * 1024 * 1024;

[[noreturn]] void fail(std::string_view problem) {
  throw Error(Code::corrupt, std::string(what).append(" ").append(problem));
}

uint64_t json_offset(const boost::json::value& value) {
  boost::json::error_code error;
  const auto offset = value.to_number<uint64_t>(error);
  if (error) fail("has an offset that is no number");
  return offset;
}

TensorHeader::Offsets read_offsets(std::string_view json) {
  const uint64_t data_begin = length_size + json.size();
  const auto value = parse_json(json, what);
  if (!value.is_object()) fail("is no JSON object");
  TensorHeader::Offsets all;
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
  return all;
}

class SafetensorsHeader : public TensorHeader {
 public:
  std::optional<Offsets> update(ByteView data) override {
    const ByteView part = data.first(std::min(data.size(), max_size - header_.size()));
    header_.insert(header_.end(), part.begin(), part.end());
    if (header_.size() < length_size) return std::nullopt;
    const uint64_t length = load_le<uint64_t>(header_.data());
    if (length > max_size - length_size) fail("is too long");
    if (header_.size() < length_size + length) return std::nullopt;
    return read_offsets(as_text(header_).substr(length_size, length));
  }

 private:
  Bytes header_;  // as much of it as there was, and maybe what follows it
};

}  // namespace

std::unique_ptr<TensorHeader> make_safetensors_header() {
  return std::make_unique<SafetensorsHeader>();
}

}  // namespace sapdr::core
