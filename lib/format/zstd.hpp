// zstd's contexts, owned.
#pragma once

#include <zstd.h>

#include <memory>
#include <new>

namespace sapdr::core {

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

using Compressor = std::unique_ptr<ZSTD_CCtx, FreeZstd>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeZstd>;

inline Compressor make_compressor() {
  Compressor compressor(ZSTD_createCCtx());
  if (!compressor) throw std::bad_alloc();
  return compressor;
}

inline Decompressor make_decompressor() {
  Decompressor decompressor(ZSTD_createDCtx());
  if (!decompressor) throw std::bad_alloc();
  return decompressor;
}

}  // namespace sapdr::core
