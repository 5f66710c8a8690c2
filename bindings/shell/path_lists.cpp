#include "path_lists.hpp"

#include <glob.h>

#include <fstream>
#include <iostream>

#include "failure.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

void append_matches(const std::string& pattern, const std::string& name,
                    std::vector<std::string>& paths) {
  glob_t found{};
  const int error = ::glob(pattern.c_str(), 0, nullptr, &found);
  for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  if (error != 0) {
    throw Failure(SAPDR_E_NOT_FOUND,
                  "\"" + shown(pattern) + "\" in " + shown(name) + " matches no file");
  }
}

std::string trimmed(const std::string& line) {
  static constexpr const char* kSpace = " \t\r\v\f";
  const auto begin = line.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

void append_paths_from(const std::string& name, PathList kind, std::vector<std::string>& paths) {
  std::ifstream file;
  if (name != "-") file.open(name, std::ios::binary);
  std::istream& in = name == "-" ? std::cin : file;
  if (!in) throw Failure(SAPDR_E_NOT_FOUND, "cannot open the list of paths " + shown(name));
  std::string entry;
  while (std::getline(in, entry, kind == PathList::raw ? '\0' : '\n')) {
    if (kind == PathList::patterns) {
      const std::string pattern = trimmed(entry);
      if (!pattern.empty() && pattern[0] != '#') append_matches(pattern, name, paths);
    } else if (!entry.empty()) {
      paths.push_back(entry);
    }
  }
  if (in.bad()) throw Failure(SAPDR_E_IO, "cannot read the list of paths " + shown(name));
}

}  // namespace sapdr::shell
