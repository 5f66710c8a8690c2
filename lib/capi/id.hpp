// Ids as the ABI shows them.
#pragma once

#include <sapdr/id.h>

#include <cstring>

#include "base/id.hpp"

namespace sapdr::capi {

inline sapdr_id to_c(const core::Id& from) {
  sapdr_id id;
  static_assert(sizeof id.bytes == sizeof from.bytes);
  std::memcpy(id.bytes, from.bytes.data(), sizeof id.bytes);
  return id;
}

}  // namespace sapdr::capi
