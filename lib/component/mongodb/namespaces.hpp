// Names of databases and collections, and which of them are meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sapdr::core::mongodb {

// What of a deployment is captured or restored. A pattern is "DATABASE" or "DATABASE.COLLECTION",
// with *, ? and [] as in a shell.
struct NamespaceFilter {
  std::vector<std::string> includes;  // one of them; empty: any
  std::vector<std::string> excludes;  // none of them

  bool matches(std::string_view db, std::string_view collection) const;
  bool operator==(const NamespaceFilter&) const = default;
};

// What the name of a collection's files begins with, as mongodump has it: percent-encoded, long
// ones cut short, with a hash of the name.
std::string file_stem(std::string_view collection);

}  // namespace sapdr::core::mongodb
