// Lists of patterns, as callers give them.
#pragma once

#include "capi/options.hpp"
#include "component/files/patterns.hpp"

namespace sapdr::capi {

inline core::PatternList read_patterns(const char* const* list, size_t n, const char* name,
                                       bool ignore_case = false) {
  core::PatternList patterns;
  for (const std::string& pattern : read_strings(list, n, name)) {
    patterns.add(pattern, ignore_case);
  }
  return patterns;
}

}  // namespace sapdr::capi
