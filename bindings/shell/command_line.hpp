// Arguments: the global options, the commands, their help.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sapdr::shell {

class Session;

// What the user asked for.
struct CommandLine {
  GlobalOptions globals;
  std::string command = "sapdr";  // the command's name, once it is known
  std::function<void(Session&)> run;
};

// Fills in `line` as far as it gets and throws a usage error if the arguments make no sense.
// False: help or the version was asked for and printed, there is nothing to run.
bool parse_arguments(int argc, const char* const* argv, CommandLine& line);

// How commands declare themselves. `title` is a line for the list of commands, `purpose` a
// paragraph; `examples` is one line each, the command with a comment.
struct CommandText {
  const char* name;
  const char* title;
  const char* purpose;
  const char* examples;
};
CLI::App& add_command(CLI::App& app, CommandLine& line, const CommandText& text,
                      std::function<void(Session&)> run);

// An option that may be given several times, with one value each.
CLI::Option* add_list(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                      const std::string& type, const std::string& description);
// Any number of positional arguments, whatever characters are in them.
CLI::Option* add_positionals(CLI::App& command, const std::string& name,
                             std::vector<std::string>& values, const std::string& description);

// Options for a second repository, to read from.
void add_from_options(CLI::App& command, RepositoryOptions& from);

// Each in a file of commands/.
void add_init(CLI::App& app, CommandLine& line);
void add_backup(CLI::App& app, CommandLine& line);
void add_snapshots(CLI::App& app, CommandLine& line);
void add_ls(CLI::App& app, CommandLine& line);
void add_dump(CLI::App& app, CommandLine& line);
void add_diff(CLI::App& app, CommandLine& line);
void add_find(CLI::App& app, CommandLine& line);
void add_restore(CLI::App& app, CommandLine& line);
void add_check(CLI::App& app, CommandLine& line);
void add_verify(CLI::App& app, CommandLine& line);
void add_repair(CLI::App& app, CommandLine& line);
void add_checksum(CLI::App& app, CommandLine& line);
void add_forget(CLI::App& app, CommandLine& line);
void add_prune(CLI::App& app, CommandLine& line);
void add_unlock(CLI::App& app, CommandLine& line);
void add_copy(CLI::App& app, CommandLine& line);
void add_tag(CLI::App& app, CommandLine& line);
void add_key(CLI::App& app, CommandLine& line);
void add_stats(CLI::App& app, CommandLine& line);
void add_cache(CLI::App& app, CommandLine& line);
void add_doctor(CLI::App& app, CommandLine& line);
void add_mongodb(CLI::App& app, CommandLine& line);
void add_cat(CLI::App& app, CommandLine& line);
void add_list_command(CLI::App& app, CommandLine& line);
void add_completion(CLI::App& app, CommandLine& line);
void add_man(CLI::App& app, CommandLine& line);
void add_version(CLI::App& app, CommandLine& line);

}  // namespace sapdr::shell
