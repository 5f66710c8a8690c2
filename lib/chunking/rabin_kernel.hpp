// The inner loop of cutting: where the digest of the last 64 bytes says that a chunk may end.
//
// Whether it does depends on these 64 bytes alone, not on where the chunk began. So stretches of
// data can be looked at side by side, and every form finds the same candidates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "chunking/rabin.hpp"

namespace sapdr::core {

inline constexpr size_t rabin_window = 64;

// Where the low bits of its digest are zero, a chunk may end: at one place in a MiB on average.
inline constexpr uint64_t candidate_mask = (uint64_t{1} << 20) - 1;

FirstCandidate first_candidate_serial;
FirstCandidate first_candidate_interleaved;

// nullptr if this machine does not run it.
FirstCandidate* rabin_avx2_kernel();
FirstCandidate* rabin_gfni_kernel();

// The same for any form; never nullptr for `automatic`.
FirstCandidate* rabin_kernel(RabinForm form);

}  // namespace sapdr::core
