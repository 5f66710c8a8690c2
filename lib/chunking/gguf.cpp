#include "chunking/gguf.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace sapdr::core {

namespace {

constexpr uint64_t max_tensors = 256 * 1024;
constexpr uint64_t max_key = 65535;
constexpr size_t max_depth = 8;  // of values in values

constexpr uint32_t type_uint32 = 4, type_string = 8;
// Of a value of each type, in bytes; 0: strings and arrays, which say it themselves.
constexpr uint8_t value_sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

constexpr std::string_view alignment_key = "general.alignment";
constexpr uint32_t default_alignment = 32;

[[noreturn]] void fail(std::string_view problem) {
  throw Error(Code::corrupt, std::string("the header of a gguf file ").append(problem));
}

// The layout, with sizes in bytes: "GGUF" (4), version (4), count of tensors (8), count of pairs
// (8), pairs, tensors.
//
// * A pair: size of the key (8), key, type (4), value.
// * A string: size (8), text. An array: type of its values (4), their count (8), values.
// * A tensor: size of its name (8), name, rank (4), dimensions (8 each), type (4), offset (8).
//
// Waits for one field after the other, with the step that reads it; what lies before a field and
// does not matter is skipped. Each step says what comes next, the last one nothing.
class GgufHeader : public TensorHeader {
 public:
  std::optional<Offsets> update(ByteView data) override {
    while (step_ != nullptr) {
      take(data);
      if (skip_ > 0 || field_.size() < field_size_) return std::nullopt;
      (this->*std::exchange(step_, nullptr))();
      field_.clear();
    }
    return file_offsets();
  }

 private:
  using Step = void (GgufHeader::*)();

  // Values of one type that follow each other.
  struct Values {
    uint32_t type;
    uint64_t left;
  };

  void take(ByteView& data) {
    const auto skipped = static_cast<size_t>(std::min<uint64_t>(skip_, data.size()));
    skip_ -= skipped;
    const ByteView rest = data.subspan(skipped);
    const ByteView part = rest.first(std::min(rest.size(), field_size_ - field_.size()));
    field_.insert(field_.end(), part.begin(), part.end());
    position_ += skipped + part.size();
    data = rest.subspan(part.size());
  }

  void expect(size_t size, Step step) {
    field_size_ = size;
    step_ = step;
  }

  template <class Number>
  Number number(size_t at) const {
    return load_le<Number>(field_.data() + at);
  }

  void read_counts() {
    if (!as_text(field_).starts_with("GGUF")) fail("does not begin as one");
    const auto version = number<uint32_t>(4);
    if (version != 2 && version != 3) fail("has an unknown version");
    tensors_ = number<uint64_t>(8);
    if (tensors_ > max_tensors) fail("has too many tensors");
    pairs_ = number<uint64_t>(16);
    expect_next();
  }

  void expect_next() {
    while (!values_.empty() && values_.back().left == 0) values_.pop_back();
    if (!values_.empty()) {
      --values_.back().left;
      if (values_.back().type == type_string) return expect(8, &GgufHeader::read_string_size);
      return expect(12, &GgufHeader::read_array);
    }
    if (pairs_ > 0) {
      --pairs_;
      return expect(8, &GgufHeader::read_key_size);
    }
    if (offsets_.size() < tensors_) expect(8, &GgufHeader::read_name_size);
  }

  void read_key_size() {
    const auto size = number<uint64_t>(0);
    if (size > max_key) fail("has a key that is too long");
    expect(static_cast<size_t>(size) + 4, &GgufHeader::read_key);
  }

  void read_key() {
    const size_t size = field_.size() - 4;
    const auto type = number<uint32_t>(size);
    if (as_text(field_).substr(0, size) != alignment_key) return expect_values(type, 1);
    if (type != type_uint32) fail("has an alignment of a wrong type");
    expect(4, &GgufHeader::read_alignment);
  }

  void read_alignment() {
    alignment_ = number<uint32_t>(0);
    if (alignment_ == 0) fail("has an alignment of 0");
    expect_next();
  }

  void expect_values(uint32_t type, uint64_t count) {
    if (type >= std::size(value_sizes)) fail("has a value of an unknown type");
    const uint64_t size = value_sizes[type];
    if (size == 0) {
      if (values_.size() == max_depth) fail("has arrays in too many arrays");
      values_.push_back({type, count});
    } else {
      if (count > UINT64_MAX / size) fail("has an array that is too long");
      skip_ = count * size;
    }
    expect_next();
  }

  void read_string_size() {
    skip_ = number<uint64_t>(0);
    expect_next();
  }

  void read_array() { expect_values(number<uint32_t>(0), number<uint64_t>(4)); }

  void read_name_size() {
    skip_ = number<uint64_t>(0);
    expect(4, &GgufHeader::read_rank);
  }

  void read_rank() {
    skip_ = uint64_t{8} * number<uint32_t>(0);
    expect(12, &GgufHeader::read_offset);
  }

  void read_offset() {
    offsets_.push_back(number<uint64_t>(4));
    expect_next();
  }

  // They count from behind the header, at a multiple of the alignment.
  Offsets file_offsets() {
    const uint64_t data_begin = (position_ + alignment_ - 1) / alignment_ * alignment_;
    for (uint64_t& offset : offsets_) {
      if (offset > UINT64_MAX - data_begin) fail("has an offset that is too big");
      offset += data_begin;
    }
    return std::move(offsets_);
  }

  uint64_t position_ = 0;  // in the file, of what was taken
  uint64_t skip_ = 0;      // bytes before the field
  Bytes field_;            // as much of it as there was
  size_t field_size_ = 24;
  Step step_ = &GgufHeader::read_counts;

  uint64_t pairs_ = 0;          // that are left
  std::vector<Values> values_;  // of the current pair, the innermost last
  uint64_t alignment_ = default_alignment;
  uint64_t tensors_ = 0;
  Offsets offsets_;  // of the tensors so far, as they are written
};

}  // namespace

std::unique_ptr<TensorHeader> make_gguf_header() {
  return std::make_unique<GgufHeader>();
}

}  // namespace sapdr::core
