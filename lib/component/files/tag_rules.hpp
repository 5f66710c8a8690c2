// Folders that ask, by a file in them, that what is in them be left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "component/files/listing.hpp"

namespace sapdr::core {

struct TagRule {
  std::string name;
  std::string header;  // what the file has to begin with; empty: anything

  // "NAME" or "NAME:first bytes". Throws Code::invalid_argument.
  static TagRule parse(std::string_view text);
  // https://bford.info/cachedir/
  static TagRule cache_dir();
};

// The rules that hold in the open folder `folder` with these (sorted) entries.
std::vector<const TagRule*> rules_that_hold(const std::vector<TagRule>& rules, int folder,
                                            const std::vector<DirEntry>& entries);

// The tag itself is kept: it says why the rest is missing.
bool is_left_out(const std::vector<const TagRule*>& holding, std::string_view name);

}  // namespace sapdr::core
