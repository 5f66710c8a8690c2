// Matching one file name against one wildcard pattern, as Go's filepath.Match does.
#pragma once

#include <string>
#include <string_view>

namespace sapdr::core {

// False for a pattern that ends in a backslash or has a set that is not closed or empty.
bool is_valid_glob(std::string_view pattern) noexcept;

// `pattern` is valid. Takes at most the product of both lengths, whatever the pattern is.
bool glob_matches(std::string_view pattern, std::string_view name) noexcept;

// Both cases alike: letters of any script in lower case. What is no UTF-8 stays as it is.
std::string fold_case(std::string_view text);

}  // namespace sapdr::core
