// For ZSTD_c_literalCompressionMode: zstd's Huffman coder alone, without a search for matches,
// which weights do not have.
#define ZSTD_STATIC_LINKING_ONLY
#include "format/planes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace sapdr::core {

namespace {

constexpr size_t header_size = 4;  // marker, width, lead, coded
constexpr size_t length_size = 4;  // of a coded plane
constexpr size_t max_width = 4;

// A plane is coded if that saves a twentieth, and a blob if all together save this much more than
// zstd: what is decided by samples must not be decided by chance.
constexpr double max_bits_coded = 7.6;
constexpr double min_gain = 0.97;
// What another width or lead must save to be preferred to a smaller one.
constexpr double min_difference = 0.002;

constexpr size_t slices = 8;
constexpr size_t slice_size = 2048;  // a multiple of every width
constexpr size_t zstd_sample = 32 * 1024;

// The sign goes to the end, so that the first byte is the whole exponent of a bfloat16 or a float.
template <class Number>
void split(const std::byte* from, size_t n, std::byte* const* planes) {
  for (size_t i = 0; i < n; ++i) {
    const Number number = std::rotl(load_le<Number>(from + i * sizeof(Number)), 1);
    for (size_t plane = 0; plane < sizeof(Number); ++plane) {
      planes[plane][i] = static_cast<std::byte>(number >> (8 * (sizeof(Number) - 1 - plane)));
    }
  }
}

template <class Number>
void join(const std::byte* const* planes, size_t n, std::byte* to) {
  for (size_t i = 0; i < n; ++i) {
    Number number = 0;
    for (size_t plane = 0; plane < sizeof(Number); ++plane) {
      number = static_cast<Number>(number << 8 | std::to_integer<Number>(planes[plane][i]));
    }
    number = std::rotr(number, 1);
    store_le(to + i * sizeof(Number), number);
  }
}

using Histogram = std::array<uint32_t, 256>;

// Bits a byte.
double entropy(const Histogram& histogram) {
  double total = 0, sum = 0;
  for (const uint32_t n : histogram) {
    if (n == 0) continue;
    total += n;
    sum += n * std::log2(n);
  }
  return total == 0 ? 0 : std::log2(total) - sum / total;
}

void count(ByteView bytes, Histogram& histogram) {
  for (const std::byte b : bytes) ++histogram[std::to_integer<size_t>(b)];
}

// Some slices of a blob, each at an offset that is a multiple of every width.
class Samples {
 public:
  explicit Samples(ByteView plain) : plain_(plain) {}

  // Of the bytes as they lie.
  double bits() const {
    Histogram histogram{};
    for_each([&](ByteView slice) { count(slice, histogram); });
    return entropy(histogram);
  }

  // Of each plane, the most significant first.
  template <class Number>
  std::array<double, max_width> bits_of_planes(size_t lead) const {
    std::array<Histogram, sizeof(Number)> histograms{};
    std::array<std::array<std::byte, slice_size>, sizeof(Number)> planes;
    std::array<std::byte*, sizeof(Number)> at;
    std::ranges::transform(planes, at.begin(), [](auto& plane) { return plane.data(); });
    for_each([&](ByteView slice) {
      const size_t n = (slice.size() - lead) / sizeof(Number);
      split<Number>(slice.data() + lead, n, at.data());
      for (size_t i = 0; i < sizeof(Number); ++i) {
        count(ByteView(planes[i]).first(n), histograms[i]);
      }
    });
    std::array<double, max_width> bits{};
    std::ranges::transform(histograms, bits.begin(), entropy);
    return bits;
  }

 private:
  template <class Visit>
  void for_each(Visit visit) const {
    const size_t step = (plain_.size() - slice_size) / slices / max_width * max_width;
    for (size_t i = 0; i < slices; ++i) visit(plain_.subspan(i * step, slice_size));
  }

  ByteView plain_;
};

struct Candidate {
  PlaneLayout layout{};
  double share = 1;  // of the size
};

template <class Number>
void consider(const Samples& samples, Candidate& best) {
  for (uint8_t lead = 0; lead < sizeof(Number); ++lead) {
    const auto bits = samples.bits_of_planes<Number>(lead);
    Candidate candidate{{sizeof(Number), lead, 0}, 0};
    for (size_t plane = 0; plane < sizeof(Number); ++plane) {
      const bool is_coded = bits[plane] <= max_bits_coded;
      if (is_coded) candidate.layout.coded |= static_cast<uint8_t>(1U << plane);
      candidate.share += (is_coded ? bits[plane] : 8) / 8 / sizeof(Number);
    }
    if (candidate.share < best.share - min_difference) best = candidate;
  }
}

}  // namespace

Planes::Planes() {
  ZSTD_CCtx_setParameter(huffman_.get(), ZSTD_c_compressionLevel, ZSTD_minCLevel());
  ZSTD_CCtx_setParameter(huffman_.get(), ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, 1);
}

std::optional<PlaneLayout> Planes::guess(ByteView plain) {
  if (plain.size() < zstd_sample) return std::nullopt;
  const Samples samples(plain);
  Candidate best;
  consider<uint16_t>(samples, best);
  consider<uint32_t>(samples, best);
  if (best.layout.coded == 0 || best.share >= min_gain * samples.bits() / 8) return std::nullopt;
  // What repeats itself is for zstd.
  planes_.resize(std::max(planes_.size(), ZSTD_compressBound(zstd_sample)));
  const ByteView middle = plain.subspan((plain.size() - zstd_sample) / 2, zstd_sample);
  const size_t n =
      ZSTD_compress2(zstd_.get(), planes_.data(), planes_.size(), middle.data(), middle.size());
  if (failed(n) || best.share >= min_gain * static_cast<double>(n) / zstd_sample) {
    return std::nullopt;
  }
  return best.layout;
}

size_t Planes::encode(ByteView plain, const PlaneLayout& layout, ByteSpan out) {
  const size_t n = (plain.size() - layout.lead) / layout.width;
  const ByteView tail = plain.subspan(layout.lead + n * layout.width);
  planes_.resize(layout.width * n);
  std::array<std::byte*, max_width> planes{};
  for (size_t i = 0; i < layout.width; ++i) planes[i] = planes_.data() + i * n;
  const std::byte* const numbers = plain.data() + layout.lead;
  layout.width == 2 ? split<uint16_t>(numbers, n, planes.data())
                    : split<uint32_t>(numbers, n, planes.data());

  const size_t n_coded = static_cast<size_t>(std::popcount(layout.coded));
  size_t at = header_size + n_coded * length_size;
  if (out.size() < at + layout.lead + tail.size()) return 0;
  out[0] = planes_marker;
  out[1] = static_cast<std::byte>(layout.width);
  out[2] = static_cast<std::byte>(layout.lead);
  out[3] = static_cast<std::byte>(layout.coded);
  const auto append = [&](ByteView bytes) {
    if (out.size() - at < bytes.size()) return false;
    std::ranges::copy(bytes, out.begin() + static_cast<std::ptrdiff_t>(at));
    at += bytes.size();
    return true;
  };
  if (!append(plain.first(layout.lead)) || !append(tail)) return 0;
  std::byte* length = out.data() + header_size;
  for (size_t i = 0; i < layout.width; ++i) {
    if ((layout.coded >> i & 1) == 0) {
      if (!append({planes[i], n})) return 0;
      continue;
    }
    const size_t size =
        ZSTD_compress2(huffman_.get(), out.data() + at, out.size() - at, planes[i], n);
    if (failed(size)) return 0;
    store_le<uint32_t>(length, static_cast<uint32_t>(size));
    length += length_size;
    at += size;
  }
  return at;
}

bool Planes::decode(ByteView packed, ByteSpan out) {
  if (packed.size() < header_size || packed[0] != planes_marker) return false;
  const auto width = std::to_integer<size_t>(packed[1]);
  const auto lead = std::to_integer<size_t>(packed[2]);
  const auto coded = std::to_integer<unsigned>(packed[3]);
  if ((width != 2 && width != 4) || lead >= width || coded >> width != 0) return false;
  if (out.size() < lead) return false;
  const size_t n = (out.size() - lead) / width;
  const size_t tail = out.size() - lead - n * width;

  ByteView lengths = packed.subspan(header_size);
  const size_t lengths_size = static_cast<size_t>(std::popcount(coded)) * length_size;
  if (lengths.size() < lengths_size + lead + tail) return false;
  ByteView rest = lengths.subspan(lengths_size);
  const auto take = [&](size_t size) {
    const ByteView taken = rest.first(size);
    rest = rest.subspan(size);
    return taken;
  };
  std::ranges::copy(take(lead), out.begin());
  std::ranges::copy(take(tail), out.end() - static_cast<std::ptrdiff_t>(tail));
  planes_.resize(width * n);
  std::array<const std::byte*, max_width> planes{};
  for (size_t i = 0; i < width; ++i) {
    const bool is_coded = (coded >> i & 1) != 0;
    const size_t size = is_coded ? load_le<uint32_t>(lengths.data()) : n;
    if (size > rest.size()) return false;
    const ByteView plane = take(size);
    planes[i] = plane.data();
    if (!is_coded) continue;
    lengths = lengths.subspan(length_size);
    std::byte* const to = planes_.data() + i * n;
    const size_t read = ZSTD_decompressDCtx(decoder_.get(), to, n, plane.data(), plane.size());
    if (failed(read) || read != n) return false;
    planes[i] = to;
  }
  if (!rest.empty()) return false;
  std::byte* const numbers = out.data() + lead;
  width == 2 ? join<uint16_t>(planes.data(), n, numbers)
             : join<uint32_t>(planes.data(), n, numbers);
  return true;
}

}  // namespace sapdr::core
