// man: the manual page, made of the commands and options as they are declared
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>

#include "command_line.hpp"
#include "command_tree.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kMan = {"man", "Print the manual page",
                              "Prints the manual page in roff, as it is installed.",
                              "  sapdr man > sapdr.1\n  sapdr man | man -l -\n"};

// What roff would take for something else, and what not every terminal has.
std::string escaped(const std::string& text) {
  static const std::map<std::string_view, std::string> kSpecial = {
      {"\\", "\\e"},  {"-", "\\-"},   {"'", "\\(aq"},  {"`", "\\(ga"},
      {"~", "\\(ti"}, {"^", "\\(ha"}, {"\"", "\\(dq"}, {"…", "..."}};
  std::string out = text.rfind('.', 0) == 0 ? "\\&" : "";
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint next = first_code_point(rest);
    const std::string_view bytes = rest.substr(0, std::max<std::size_t>(next.size, 1));
    rest.remove_prefix(bytes.size());
    const auto special = kSpecial.find(bytes);
    if (special != kSpecial.end()) {
      out += special->second;
    } else if (bytes.size() > 1) {
      char number[16];
      std::snprintf(number, sizeof number, "\\[u%04X]", static_cast<unsigned>(next.value));
      out += number;
    } else {
      out += bytes;
    }
  }
  return out;
}

std::string upper(std::string text) {
  for (char& each : text) {
    if (each >= 'a' && each <= 'z') each = static_cast<char>(each - 'a' + 'A');
  }
  return text;
}

std::string bold(const std::string& text) {
  return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + escaped(text) + "\\fR";
}

void paragraphs(std::ostream& out, const std::string& text) {
  for (const std::string& line : lines_of(text))
    out << (line.empty() ? ".PP" : escaped(line)) << "\n";
}

void entries(std::ostream& out, const std::vector<OptionEntry>& list) {
  for (const OptionEntry& entry : list) {
    out << ".TP\n";
    const bool is_argument = entry.names.front() == entry.type;
    std::string names;
    for (const std::string& name : entry.names)
      names += (names.empty() ? "" : ", ") + (is_argument ? italic(name) : bold(name));
    if (!is_argument && !entry.type.empty()) names += " " + italic(entry.type);
    out << names << "\n" << escaped(entry.text) << "\n";
  }
}

// Options by their groups, in the order in which these are first named.
void grouped(std::ostream& out, const std::vector<OptionEntry>& options,
             const std::string& heading) {
  std::vector<std::string> groups;
  for (const OptionEntry& option : options) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end())
      groups.push_back(option.group);
  }
  for (const std::string& group : groups) {
    std::vector<OptionEntry> members;
    std::copy_if(options.begin(), options.end(), std::back_inserter(members),
                 [&](const OptionEntry& each) { return each.group == group; });
    out << heading << escaped(group) << "\n";
    entries(out, members);
  }
}

// A footer: titles, each with lines below it that stay as they are. Other lines lead elsewhere.
void examples(std::ostream& out, const std::string& text, const std::string& heading) {
  bool is_open = false;
  const auto set_open = [&](bool wanted) {
    if (wanted != is_open) out << (wanted ? ".PP\n.EX\n" : ".EE\n");
    is_open = wanted;
  };
  for (const std::string& line : lines_of(text)) {
    const bool is_literal = line.rfind("  ", 0) == 0;
    set_open(is_literal);
    if (is_literal) {
      out << escaped(line) << "\n";
    } else if (!line.empty() && line.back() == ':') {
      const auto comma = line.find(", ");
      const std::string title = line.substr(0, std::min(comma, line.size() - 1));
      out << heading << escaped(heading == ".SH " ? upper(title) : title) << "\n";
      if (comma != std::string::npos)
        out << upper(line.substr(comma + 2, 1)) << escaped(line.substr(comma + 3)) << "\n";
    }
  }
  set_open(false);
}

std::string manual(const CommandTree& tree) {
  std::ostringstream out;
  const std::string name = escaped(tree.root.name);
  out << ".\\\" Made by `sapdr man`.\n"
      << ".TH " << upper(name) << " 1 \"\" \"" << name << " " << escaped(sapdr_version_string())
      << "\" \"User Commands\"\n"
      << ".SH NAME\n"
      << name << " \\- " << escaped(tree.root.title) << "\n"
      << ".SH SYNOPSIS\n";
  for (const CommandEntry& command : tree.commands)
    out << ".B " << name << "\n" << escaped(command.usage) << "\n.br\n";
  out << ".SH DESCRIPTION\n";
  paragraphs(out, tree.root.purpose);
  out << ".SH GLOBAL OPTIONS\nThey may stand before the command and behind it.\n";
  grouped(out, tree.root.options, ".SS ");
  out << ".SH COMMANDS\n";
  for (const CommandEntry& command : tree.commands) {
    out << ".SS " << name << " " << escaped(command.usage) << "\n"
        << escaped(command.title) << ".\n.PP\n";
    paragraphs(out, command.purpose);
    entries(out, command.arguments);
    grouped(out, command.options, ".PP\n");
    examples(out, command.footer, ".PP\n");
  }
  examples(out, tree.root.footer, ".SH ");
  return out.str();
}

}  // namespace

void add_man(CLI::App& app, CommandLine& line) {
  const auto tree = std::make_shared<CommandTree>();
  CLI::App& command =
      add_command(app, line, kMan, [tree](Session& s) { s.print_document(manual(*tree)); });
  command.group("");  // it is installed: nobody needs to know
  // `app` is gone when the command runs.
  command.parse_complete_callback([tree, &app] { *tree = command_tree(app); });
}

}  // namespace sapdr::shell
