// Which characters Go prints as they are.
#pragma once

namespace sapdr::core {

// True if Go's strconv.IsPrint accepts `rune`.
bool is_printable(char32_t rune) noexcept;

}  // namespace sapdr::core
