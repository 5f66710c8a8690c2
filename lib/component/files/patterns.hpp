// Which paths are meant: patterns as in .gitignore and restic.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sapdr::core {

// Patterns in the order they were given; the last one that matches decides ("!" takes a match
// back).
//   *      anything but '/'         ?  one such character      [a-z] [^a]  sets
//   **     any number of folders    \x  the character x
//   "/a"   only from the root       "a/b", "a"  anywhere        "a/"  only folders
// A pattern that matches a folder matches everything in it. Immutable after add(): any thread.
class PatternList {
 public:
  // Throws Code::invalid_argument for a pattern that cannot be understood.
  void add(std::string_view pattern, bool ignore_case = false);
  // One pattern a line; empty lines and lines that start with '#' are skipped, $VAR and ${VAR} are
  // replaced from the environment ($$ is a dollar). Throws if the file cannot be read.
  void add_file(const std::string& path, bool ignore_case = false);

  bool empty() const { return patterns_.empty(); }
  size_t size() const { return patterns_.size(); }

  // `path` is absolute.
  bool matches(std::string_view path, bool is_dir) const;
  // Whether something below the folder `path` could match (for includes: whether to descend).
  bool could_match_below(std::string_view path) const;
  // What the names on the way to a folder mean for what is in it: where the states are equal, the
  // same names match, in whatever folder. For trees that are met in more than one place.
  using State = std::string;
  State root() const;
  State below(const State& state, std::string_view folder) const;
  // Whether the entry `name` of the folder with this state matches.
  bool matches(const State& state, std::string_view name, bool is_dir) const;
  // Whether anything in that folder or below could match.
  bool could_match(const State& state) const;

  // Marks in `seen`, which has size() elements, which of the patterns match `path`: for telling
  // patterns that match nothing.
  void mark(std::string_view path, bool is_dir, std::vector<bool>& seen) const;
  const std::string& text(size_t at) const { return patterns_[at].text; }

 private:
  struct Part {  // between two slashes
    enum class Kind { plain, glob, any_folders };
    std::string text;
    Kind kind;

    bool matches(std::string_view name) const;
  };
  struct Pattern {
    std::string text;  // as given
    std::vector<Part> parts;
    bool anchored = false;
    bool negated = false;
    bool dirs_only = false;
    bool ignore_case = false;
    bool has_any_folders = false;
  };
  struct Subject;  // a path, split

  static bool matches(const Pattern& pattern, const Subject& subject);
  static bool matches_at(const Pattern& pattern, const std::vector<std::string_view>& names,
                         size_t offset);
  static bool could_match_below(const Pattern& pattern, const Subject& subject);
  // Which parts may be next: one flag for each, and one behind them for "all were matched".
  static void reach(const Pattern& pattern, char* next, size_t part);
  static void step(const Pattern& pattern, const char* from, std::string_view name, char* next);
  // The parts that may be next after all names were matched; `ends`: how many names at least a
  // match takes, 0 for no match.
  struct Progress {
    std::vector<char> next;
    size_t ends = 0;
  };
  static Progress follow(const Pattern& pattern, const std::vector<std::string_view>& names);

  std::vector<Pattern> patterns_;
};

}  // namespace sapdr::core
