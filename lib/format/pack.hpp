// The header at the end of a pack: sealed entries, then their length as four bytes.
#pragma once

#include <vector>

#include "format/blob.hpp"

namespace sapdr::core {

inline constexpr size_t pack_length_size = 4;
inline constexpr size_t max_pack_header = 16 * 1024 * 1024;

// The plaintext of a header; offsets are not in it, they follow from the lengths.
Bytes encode_pack_header(const std::vector<PackedBlob>& blobs);

// The blobs that a header names, with their offsets. `data_size` is the number of bytes before the
// header: they must be exactly filled. Throws Code::corrupt; `what` names the pack.
std::vector<PackedBlob> parse_pack_header(ByteView header, uint64_t data_size,
                                          std::string_view what);

}  // namespace sapdr::core
