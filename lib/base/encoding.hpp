// Bytes as text and back: hexadecimal and base64.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sapdr::core {

std::string to_hex(ByteView bytes);
// False unless `text` is exactly 2 × out.size() lower-case hexadecimal digits.
bool from_hex(std::string_view text, ByteSpan out) noexcept;

std::string to_base64(ByteView bytes);
// Standard alphabet with padding. Throws Code::corrupt.
SecretBytes from_base64(std::string_view text);

}  // namespace sapdr::core
