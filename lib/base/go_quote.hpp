// File names as restic stores them: Go's strconv.Quote without the quotes. Every byte sequence,
// also one that is not UTF-8, survives the way there and back.
#pragma once

#include <string>
#include <string_view>

namespace sapdr::core {

std::string go_quote(std::string_view bytes);
// Throws Code::corrupt if `text` is not what strconv.Unquote accepts between double quotes.
std::string go_unquote(std::string_view text);

}  // namespace sapdr::core
