// zstd's contexts, owned.
#pragma once

#include <zstd.h>
#include <zstd_errors.h>

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

// Whether what a function returned says that it failed, because of the data or the room for it.
// That memory ran out says nothing about either, and is thrown.
inline bool failed(size_t result) {
  if (!ZSTD_isError(result)) return false;
  if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
  return true;
}

}  // namespace sapdr::core
