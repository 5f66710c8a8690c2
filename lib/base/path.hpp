// Paths as text: what Go's path/filepath does, so that trees come out as restic's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sapdr::core {

// Without "//", "/./", "x/../" and a slash at the end; "." for an empty path.
std::string clean_path(std::string_view path);

// The components between the slashes; of a clean path none is empty.
std::vector<std::string_view> split_path(std::string_view path);

// "a" and "b": "a/b"; "/" and "b": "/b"; "" or "." and "b": "b".
std::string join_path(std::string_view folder, std::string_view name);

// Of a clean path: what is before and after the last slash. "/" has the name "/", "a" the folder
// ".".
std::string_view folder_of_path(std::string_view path);
std::string_view name_of_path(std::string_view path);

}  // namespace sapdr::core
