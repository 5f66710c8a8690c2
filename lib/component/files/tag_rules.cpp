#include "component/files/tag_rules.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/open_fd.hpp"

namespace sapdr::core {

namespace {

bool begins_with(int folder, const TagRule& rule) {
  const Fd fd = open_fd_at(folder, rule.name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return false;
  std::string header(rule.header.size(), '\0');
  return ::pread(fd.get(), header.data(), header.size(), 0) ==
             static_cast<ssize_t>(header.size()) &&
         header == rule.header;
}

}  // namespace

TagRule TagRule::parse(std::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  TagRule rule{std::string(text.substr(0, colon)),
               std::string(text.substr(std::min(colon + 1, text.size())))};
  if (rule.name.empty() || rule.name.find_first_of(std::string_view("/\0", 2)) != rule.name.npos) {
    throw Error(Code::invalid_argument, "\"" + std::string(text) +
                                            "\" does not begin with the name of a file: use "
                                            "NAME or NAME:HEADER to exclude folders by it");
  }
  return rule;
}

TagRule TagRule::cache_dir() {
  return {"CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55"};
}

std::vector<const TagRule*> rules_that_hold(const std::vector<TagRule>& rules, int folder,
                                            const std::vector<DirEntry>& entries) {
  std::vector<const TagRule*> holding;
  for (const TagRule& rule : rules) {
    if (!std::binary_search(entries.begin(), entries.end(), DirEntry{rule.name, 0})) continue;
    if (rule.header.empty() || begins_with(folder, rule)) holding.push_back(&rule);
  }
  return holding;
}

bool is_left_out(const std::vector<const TagRule*>& holding, std::string_view name) {
  return std::any_of(holding.begin(), holding.end(),
                     [&](const TagRule* rule) { return rule->name != name; });
}

}  // namespace sapdr::core
