#include "command_tree.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

namespace sapdr::shell {
namespace {

bool is_shown(const CLI::Option* option) {
  return !option->get_group().empty();
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry entry;
  entry.text = option.get_description();
  entry.group = option.get_group();
  entry.repeats = option.get_expected_max() > 1;
  if (option.get_positional()) {
    entry.names = {option.get_name(true)};
    entry.type = entry.names.front();
    return entry;
  }
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  if (option.get_type_size() != 0) entry.type = option.get_type_name();
  return entry;
}

std::string usage_of(const CLI::App& app) {
  std::string usage = app.get_name() + " [OPTION...]";  // global ones, if it has none itself
  for (const CLI::Option* option : app.get_options(is_shown)) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name(true) + (option->get_expected_max() > 1 ? "..." : "");
    usage += option->get_required() ? " " + name : " [" + name + "]";
  }
  return usage;
}

CommandEntry entry_of(const CLI::App& app) {
  CommandEntry entry;
  entry.name = app.get_name();
  const std::string text = app.get_description();
  const auto end = text.find('\n');
  entry.title = text.substr(0, end);
  if (end != std::string::npos) entry.purpose = text.substr(text.find_first_not_of('\n', end));
  entry.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options(is_shown)) {
    auto& list = option->get_positional() ? entry.arguments : entry.options;
    list.push_back(entry_of(*option));
  }
  entry.usage = usage_of(app);
  return entry;
}

}  // namespace

CommandTree command_tree(const CLI::App& app) {
  CommandTree tree{entry_of(app), {}};
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) tree.commands.push_back(entry_of(*command));
  }
  return tree;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace sapdr::shell
