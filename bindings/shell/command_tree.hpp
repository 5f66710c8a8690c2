// The commands and options as they are declared, for what is made of them: completions, the manual.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace sapdr::shell {

struct OptionEntry {
  std::vector<std::string> names;  // "-r", "--repo"; of an argument its one name, "SNAPSHOT"
  std::string type;                // of its value, "FILE"; "" for a flag
  std::string text;                // what --help says of it
  std::string group;
  bool repeats = false;
};

struct CommandEntry {
  std::string name;
  std::string title;    // a line
  std::string purpose;  // a paragraph
  std::string usage;    // "dump [OPTION...] SNAPSHOT FILE"
  std::string footer;   // titles, each with indented lines below it
  std::vector<OptionEntry> options;
  std::vector<OptionEntry> arguments;
};

// Without what --help does not name.
struct CommandTree {
  CommandEntry root;  // with the global options
  std::vector<CommandEntry> commands;
};
CommandTree command_tree(const CLI::App& app);

// Text in lines, without what ends them.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace sapdr::shell
