#include "format/codec.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "format/planes.hpp"
#include "format/zstd.hpp"

namespace sapdr::core {

namespace {

constexpr std::byte zstd_marker{2};

// Trees and indexes are names and hashes. What higher levels find in hashes by chance costs more
// than it saves: this is the best level, not only the fastest.
constexpr int metadata_level = 1;

constexpr int quick_level = 2;

int level_of(Compression compression) {
  switch (compression) {
    case Compression::fastest:
      return 1;
    case Compression::better:
      return 6;
    case Compression::max:
      return 15;
    case Compression::automatic:
    case Compression::off:
      break;
  }
  return quick_level;
}

// Of data, to try on it whether a higher level is worth its time, and what that must save of the
// size then.
constexpr size_t sample_size = 64 * 1024;
constexpr double min_saving = 0.01;

}  // namespace

struct Codec::State {
  State(Compression chosen, BlobCodec blob_codec) : compression(chosen) {
    if (blob_codec == BlobCodec::tensor) planes.emplace();
  }

  // The size of what was written, 0 if `out` is too small for it.
  size_t compress(ByteView plain, int level, ByteSpan out) {
    ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, level);
    const size_t n =
        ZSTD_compress2(compressor.get(), out.data(), out.size(), plain.data(), plain.size());
    return failed(n) ? 0 : n;
  }

  // Where nothing repeats itself, as in weights and in what is compressed already, a high level
  // takes ten to seventy times as long as a quick one for nothing.
  int worthwhile_level(ByteView plain, ByteSpan scratch) {
    const int level = level_of(compression);
    if (level <= quick_level || plain.size() < 2 * sample_size) return level;
    const ByteView middle = plain.subspan((plain.size() - sample_size) / 2, sample_size);
    const auto quick = static_cast<double>(compress(middle, quick_level, scratch));
    const auto thorough = static_cast<double>(compress(middle, level, scratch));
    return thorough <= quick * (1 - min_saving) ? level : quick_level;
  }

  // The same, by planes; 0 too if it does not look like numbers.
  size_t compress_planes(ByteView plain, ByteSpan out) {
    if (!planes) return 0;
    const std::optional<PlaneLayout> layout = planes->guess(plain);
    return layout ? planes->encode(plain, *layout, out) : 0;
  }

  Compression compression;
  std::optional<Planes> planes;  // with the tensor codec
  Compressor compressor = make_compressor();
  Decompressor decompressor = make_decompressor();
};

Codec::Codec(Compression compression, BlobCodec blob_codec)
    : state_(std::make_unique<State>(compression, blob_codec)) {}
Codec::~Codec() = default;
Codec::Codec(Codec&&) noexcept = default;

bool Codec::compress(ByteView plain, bool is_metadata, Bytes& out) {
  if (plain.empty() || (state_->compression == Compression::off && !is_metadata)) return false;
  out.resize(plain.size() - 1);
  size_t n = is_metadata ? 0 : state_->compress_planes(plain, out);
  if (n == 0) {
    const int level = is_metadata ? metadata_level : state_->worthwhile_level(plain, out);
    n = state_->compress(plain, level, out);
  }
  out.resize(n);
  return n != 0;
}

bool Codec::decompress(ByteView packed, ByteSpan out) {
  if (state_->planes && !packed.empty() && packed[0] == planes_marker) {
    return state_->planes->decode(packed, out);
  }
  const size_t n = ZSTD_decompressDCtx(state_->decompressor.get(), out.data(), out.size(),
                                       packed.data(), packed.size());
  return !failed(n) && n == out.size();
}

bool Codec::decompress_unknown(ByteView packed, size_t limit, Bytes& out) {
  ZSTD_DCtx* const context = state_->decompressor.get();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);

  // The announced size is only where to begin: it may be a lie, or be missing.
  const unsigned long long announced = ZSTD_getFrameContentSize(packed.data(), packed.size());
  const bool is_plausible = announced < ZSTD_CONTENTSIZE_ERROR && announced / 1024 <= packed.size();
  const size_t guess = is_plausible ? static_cast<size_t>(announced) : 4 * packed.size();
  out.resize(std::min(limit, std::max<size_t>(guess, 64)));

  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (true) {
    const size_t rest = ZSTD_decompressStream(context, &to, &in);
    if (failed(rest)) return false;
    if (rest == 0 && in.pos == in.size) break;
    if (to.pos < to.size) {
      if (in.pos == in.size) return false;  // it ends in the middle of a frame
      continue;
    }
    if (out.size() == limit) return false;
    out.resize(out.size() > limit / 2 ? limit : out.size() * 2);
    to.dst = out.data();
    to.size = out.size();
  }
  out.resize(to.pos);
  return true;
}

Bytes encode_unpacked(Codec& codec, uint32_t repository_version, std::string_view json) {
  const ByteView plain = as_bytes(json);
  if (repository_version < 2) return Bytes(plain.begin(), plain.end());
  Bytes out(1 + ZSTD_compressBound(plain.size()));
  out[0] = zstd_marker;
  const size_t n = codec.state_->compress(plain, metadata_level, ByteSpan(out).subspan(1));
  if (n == 0) throw std::bad_alloc();  // the only failure with room enough
  out.resize(1 + n);
  return out;
}

Bytes decode_unpacked(Codec& codec, ByteView stored, size_t limit, std::string_view what) {
  const auto fail = [&](const char* problem) {
    return Error(Code::corrupt, std::string(what) + " " + problem);
  };
  if (stored.empty()) throw fail("is empty");
  if (stored[0] == std::byte{'{'} || stored[0] == std::byte{'['}) {
    if (stored.size() > limit) throw fail("is larger than it may be");
    return Bytes(stored.begin(), stored.end());
  }
  if (stored[0] != zstd_marker) throw fail("begins with a byte that names no known encoding");
  Bytes out;
  if (!codec.decompress_unknown(stored.subspan(1), limit, out)) {
    throw fail("cannot be decompressed, or is larger than it may be");
  }
  return out;
}

}  // namespace sapdr::core
