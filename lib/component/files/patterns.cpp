#include "component/files/patterns.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/error.hpp"
#include "base/open_fd.hpp"
#include "base/path.hpp"
#include "component/files/glob.hpp"

namespace sapdr::core {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name_char(char c) {
  return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// The shell's variables of one character, such as $1 or $?: no environment has them.
bool is_special_char(char c) {
  return std::string_view("*#$@!?-").find(c) != std::string_view::npos || (c >= '0' && c <= '9');
}

std::string variable(const std::string& name) {
  if (name == "$") return name;
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// Takes what stands behind a '$'. A '$' before something else stays; malformed braces are dropped.
std::string take_variable(std::string_view& text) {
  if (text.starts_with('{')) {
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      text.remove_prefix(1);
      return "";
    }
    const std::string name(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return variable(name);
  }
  if (!text.empty() && is_special_char(text.front())) {
    const std::string name(text.substr(0, 1));
    text.remove_prefix(1);
    return variable(name);
  }
  const auto end = std::find_if_not(text.begin(), text.end(), is_name_char);
  const std::string name(text.begin(), end);
  text.remove_prefix(name.size());
  return name.empty() ? "$" : variable(name);
}

std::string expand(std::string_view text) {
  std::string expanded;
  while (!text.empty()) {
    const size_t dollar = std::min(text.find('$'), text.size());
    expanded.append(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    expanded.append(take_variable(text));
  }
  return expanded;
}

std::string read_text(const std::string& path) {
  const Fd fd = open_fd(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t n = fd ? ::read(fd.get(), part.data(), part.size()) : -1;
    if (n == 0) break;
    if (n > 0) text.append(part.data(), static_cast<size_t>(n));
    if (n < 0 && errno != EINTR) throw system_error(errno, "read the patterns in", path);
  }
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    throw Error(Code::invalid_argument, "the patterns in " + path + " are UTF-16: save it as UTF-8")
        .with("path", path);
  }
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

}  // namespace

struct PatternList::Subject {
  Subject(std::string_view path, bool dir) : names(split_path(path)), is_dir(dir) {}
  std::vector<std::string_view> names;
  bool is_dir;
};

bool PatternList::Part::matches(std::string_view name) const {
  return kind == Kind::plain ? text == name : glob_matches(text, name);
}

void PatternList::add(std::string_view pattern, bool ignore_case) {
  const auto malformed = [&](const char* why) {
    return Error(Code::invalid_argument,
                 "the pattern \"" + std::string(pattern) + "\" cannot be understood: " + why)
        .with("pattern", std::string(pattern));
  };
  std::string_view rest = pattern;
  Pattern added;
  added.text = pattern;
  added.negated = rest.starts_with('!');
  if (added.negated) rest.remove_prefix(1);
  if (rest.empty()) throw malformed("it is empty");
  if (rest.find('\0') != std::string_view::npos) throw malformed("it has a NUL");

  added.ignore_case = ignore_case;
  const std::string clean = clean_path(ignore_case ? fold_case(rest) : rest);
  added.anchored = clean.starts_with('/');
  added.dirs_only = rest.ends_with('/') && clean != "/";
  for (const std::string_view part : split_path(clean)) {
    const bool any = part == "**";
    added.has_any_folders = added.has_any_folders || any;
    if (any && !added.parts.empty() && added.parts.back().kind == Part::Kind::any_folders) continue;
    const bool plain = part.find_first_of("\\[]*?") == std::string_view::npos;
    if (!plain && !is_valid_glob(part)) throw malformed("a [set] or a \\ is not complete");
    added.parts.push_back({std::string(part), any     ? Part::Kind::any_folders
                                              : plain ? Part::Kind::plain
                                                      : Part::Kind::glob});
  }
  if (added.parts.empty()) {  // "/": everything
    added.parts.push_back({"**", Part::Kind::any_folders});
    added.has_any_folders = true;
  }
  patterns_.push_back(std::move(added));
}

void PatternList::add_file(const std::string& path, bool ignore_case) {
  const std::string text = read_text(path);
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::string pattern = expand(line);
    if (!pattern.empty()) add(pattern, ignore_case);
  }
}

bool PatternList::matches_at(const Pattern& pattern, const std::vector<std::string_view>& names,
                             size_t offset) {
  for (size_t i = pattern.parts.size(); i-- > 0;) {
    if (!pattern.parts[i].matches(names[offset + i])) return false;
  }
  return true;
}

void PatternList::reach(const Pattern& pattern, char* next, size_t part) {
  next[part] = 1;
  const bool is_any =
      part < pattern.parts.size() && pattern.parts[part].kind == Part::Kind::any_folders;
  if (is_any) next[part + 1] = 1;  // for no folder at all
}

// Goes on by one name, from the flags `from` to `next`, which begin as zeros.
void PatternList::step(const Pattern& pattern, const char* from, std::string_view name,
                       char* next) {
  for (size_t i = 0; i < pattern.parts.size(); ++i) {
    if (from[i] == 0) continue;
    if (pattern.parts[i].kind == Part::Kind::any_folders) {
      reach(pattern, next, i);
    } else if (pattern.parts[i].matches(name)) {
      reach(pattern, next, i + 1);
    }
  }
  if (!pattern.anchored) reach(pattern, next, 0);
}

// Follows all ways through a pattern with "**" at once: no pattern makes it slow.
PatternList::Progress PatternList::follow(const Pattern& pattern,
                                          const std::vector<std::string_view>& names) {
  const size_t count = pattern.parts.size();
  Progress progress{std::vector<char>(count + 1, 0), 0};
  reach(pattern, progress.next.data(), 0);
  for (size_t n = 0; n < names.size(); ++n) {
    std::vector<char> next(count + 1, 0);
    step(pattern, progress.next.data(), names[n], next.data());
    // The shortest match suffices: what lies in a folder that matches does so, too.
    if (next[count] != 0 && progress.ends == 0) progress.ends = n + 1;
    progress.next = std::move(next);
  }
  return progress;
}

bool PatternList::matches(const Pattern& pattern, const Subject& subject) {
  const auto& names = subject.names;
  // A match of a part of the path is one of a folder.
  const auto decides = [&](size_t end) {
    return end < names.size() || !pattern.dirs_only || subject.is_dir;
  };
  if (pattern.has_any_folders) {
    const size_t end = follow(pattern, names).ends;
    return end != 0 && decides(end);
  }
  const size_t count = pattern.parts.size();
  if (count > names.size()) return false;
  const size_t last_offset = pattern.anchored ? 0 : names.size() - count;
  for (size_t offset = 0; offset <= last_offset; ++offset) {
    if (matches_at(pattern, names, offset)) return decides(offset + count);
  }
  return false;
}

bool PatternList::could_match_below(const Pattern& pattern, const Subject& subject) {
  if (!pattern.anchored) return true;
  const Progress progress = follow(pattern, subject.names);
  return progress.ends != 0 ||
         std::any_of(progress.next.begin(), progress.next.end(), [](char c) { return c != 0; });
}

namespace {

// The path as given and, made when it is needed, in lower case.
template <class Subject>
class BothCases {
 public:
  BothCases(std::string_view path, bool is_dir) : as_is_(path, is_dir), path_(path) {}

  const Subject& get(bool ignore_case) {
    if (!ignore_case) return as_is_;
    if (folded_.empty()) {
      text_ = fold_case(path_);
      folded_.emplace_back(text_, as_is_.is_dir);
    }
    return folded_.front();
  }

 private:
  Subject as_is_;
  std::string_view path_;
  std::string text_;
  std::vector<Subject> folded_;
};

}  // namespace

bool PatternList::matches(std::string_view path, bool is_dir) const {
  if (patterns_.empty()) return false;
  BothCases<Subject> subject(path, is_dir);
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (matches(*pattern, subject.get(pattern->ignore_case))) return !pattern->negated;
  }
  return false;
}

bool PatternList::could_match_below(std::string_view path) const {
  BothCases<Subject> subject(path, true);
  bool could = false;
  for (const Pattern& pattern : patterns_) {
    const Subject& in_case = subject.get(pattern.ignore_case);
    if (pattern.negated) {
      could = could && !matches(pattern, in_case);
    } else {
      could = could || could_match_below(pattern, in_case);
    }
  }
  return could;
}

namespace {

// A name as given and, made when it is needed, in lower case.
class NameInBothCases {
 public:
  explicit NameInBothCases(std::string_view name) : name_(name) {}

  std::string_view get(bool ignore_case) {
    if (!ignore_case) return name_;
    if (!folded_) folded_ = fold_case(name_);
    return *folded_;
  }

 private:
  std::string_view name_;
  std::optional<std::string> folded_;
};

}  // namespace

// The flags of step() for one pattern after the other. The last flag of each stays set: what lies
// in a folder that matches does so, too.
PatternList::State PatternList::root() const {
  State state;
  for (const Pattern& pattern : patterns_) {
    const size_t at = state.size();
    state.resize(at + pattern.parts.size() + 1, 0);
    reach(pattern, &state[at], 0);
    state.back() = 0;  // no name was matched yet
  }
  return state;
}

PatternList::State PatternList::below(const State& state, std::string_view folder) const {
  State next(state.size(), 0);
  NameInBothCases name(folder);
  size_t at = 0;
  for (const Pattern& pattern : patterns_) {
    const size_t last = at + pattern.parts.size();
    step(pattern, &state[at], name.get(pattern.ignore_case), &next[at]);
    if (state[last] != 0) next[last] = 1;
    at = last + 1;
  }
  return next;
}

bool PatternList::matches(const State& state, std::string_view name, bool is_dir) const {
  NameInBothCases both(name);
  size_t end = state.size();
  State next(state.size(), 0);
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    const size_t last = end - 1;
    const size_t at = last - pattern->parts.size();
    step(*pattern, &state[at], both.get(pattern->ignore_case), &next[at]);
    const bool matched = next[last] != 0 && (is_dir || !pattern->dirs_only);
    if (matched || state[last] != 0) return !pattern->negated;
    end = at;
  }
  return false;
}

bool PatternList::could_match(const State& state) const {
  bool could = false;
  size_t at = 0;
  for (const Pattern& pattern : patterns_) {
    const size_t end = at + pattern.parts.size() + 1;
    if (pattern.negated) {
      could = could && state[end - 1] == 0;
    } else {
      could = could || state.find('\1', at) < end;
    }
    at = end;
  }
  return could;
}

void PatternList::mark(std::string_view path, bool is_dir, std::vector<bool>& seen) const {
  BothCases<Subject> subject(path, is_dir);
  for (size_t i = 0; i < patterns_.size(); ++i) {
    if (!seen[i] && matches(patterns_[i], subject.get(patterns_[i].ignore_case))) seen[i] = true;
  }
}

}  // namespace sapdr::core
