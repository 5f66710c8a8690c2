// completion: scripts for shells, made of the commands and options as they are declared
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <sstream>

#include "command_line.hpp"
#include "command_tree.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kCompletion = {
    "completion", "Print the completions for a shell",
    "Prints a script that makes bash, zsh or fish complete commands, options and their values. An\n"
    "installed sapdr has put it where the shells look; else load it where the shell starts.",
    "  source <(sapdr completion bash)                in ~/.bashrc; zsh in ~/.zshrc\n"
    "  sapdr completion zsh > ~/.zfunc/_sapdr         in a folder of $fpath\n"
    "  sapdr completion fish > ~/.config/fish/completions/sapdr.fish\n"};

// What can stand for an option's value or an argument.
enum class Kind { any, files, folders, words };
struct Offer {
  Kind kind = Kind::any;
  std::vector<std::string> words;
};

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// The help says which words there are, as "existing files: always, if-newer or never (default)".
std::vector<std::string> choices(std::string text) {
  if (const auto colon = text.rfind(": "); colon != std::string::npos) text.erase(0, colon + 2);
  const auto end = text.rfind(" or ");
  if (end == std::string::npos) return {};
  text.replace(end, 4, ", ");
  std::vector<std::string> words;
  while (!text.empty()) {
    std::string word = text.substr(0, text.find(", "));
    text.erase(0, word.size() + 2);
    if (const auto note = word.find(" (default)"); note != std::string::npos) word.erase(note);
    if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") != std::string::npos) return {};
    words.push_back(word);
  }
  if (words.size() < 3) return {};  // "ids or prefixes"
  return words;
}

Offer offer(const OptionEntry& entry) {
  if (entry.type == "FILE" || entry.type == "PATH") return {Kind::files, {}};
  if (entry.type == "FOLDER" || entry.type == "LOCATION") return {Kind::folders, {}};
  if (entry.type == "SNAPSHOT") return {Kind::words, {"latest"}};
  const auto words = choices(entry.text);
  return {words.empty() ? Kind::any : Kind::words, words};
}

// In single quotes, as bash, zsh and fish read them.
std::string quoted(const std::string& text) {
  return "'" + CLI::detail::find_and_replace(text, "'", "'\\''") + "'";
}

std::vector<std::string> names_of(const std::vector<OptionEntry>& options) {
  std::vector<std::string> names;
  for (const OptionEntry& option : options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> names_of(const std::vector<CommandEntry>& commands) {
  std::vector<std::string> names;
  for (const CommandEntry& command : commands) names.push_back(command.name);
  return names;
}

// ---------------------------------------------------------------------------------------- bash

std::string bash_offer(const Offer& offer) {
  if (offer.kind == Kind::files) return "@files";
  if (offer.kind == Kind::folders) return "@folders";
  return quoted(joined(offer.words, " "));
}

// Lines of a `case` on "COMMAND OPTION": for an option with a value, what can stand for it.
void bash_values(std::ostream& out, const std::string& command, const CommandEntry& entry) {
  for (const OptionEntry& option : entry.options) {
    if (option.type.empty()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) patterns.push_back(command + quoted(" " + name));
    out << "    " << joined(patterns, " | ") << ") offer=" << bash_offer(offer(option)) << " ;;\n";
  }
}

// Lines of a `case` on "COMMAND NUMBER": what can stand for the argument of that number.
void bash_arguments(std::ostream& out, const CommandEntry& command) {
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const OptionEntry& argument = command.arguments[i];
    out << "    '" << command.name << " '" << (argument.repeats ? "*" : std::to_string(i))
        << ") offer=" << bash_offer(offer(argument)) << " ;;\n";
  }
}

constexpr const char* kBash = R"(
_sapdr() {
  local command='' count=0 offer='' value='' word=${COMP_WORDS[COMP_CWORD]} i
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == '=' ]]; then
      continue # between an option and its value: bash makes a word of it
    elif [[ $value ]]; then
      value=''
    elif [[ ${COMP_WORDS[i]} == -* ]]; then
      ! _sapdr_value "$command" "${COMP_WORDS[i]}" || value=awaited
    elif [[ -z $command ]]; then
      command=${COMP_WORDS[i]}
    else
      ((++count))
    fi
  done
  [[ $word != '=' ]] || word=''
  if [[ -z $value && $word == -* ]]; then
    _sapdr_options "$command"
  elif [[ -z $value ]]; then
    _sapdr_argument "$command" "$count"
  fi
  case $offer in
    @files) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    @folders) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$word") ;;
  esac
  [[ $offer != @* ]] || compopt -o filenames 2>/dev/null
}
complete -F _sapdr sapdr
)";

std::string bash(const CommandTree& tree) {
  std::ostringstream out;
  out << "# Completion of sapdr for bash, made by `sapdr completion bash`.\n"
         "\n# Sets `offer` to what can stand for the value of an option. Fails for a flag.\n"
         "_sapdr_value() {\n  case \"$1 $2\" in\n";
  for (const CommandEntry& command : tree.commands) bash_values(out, command.name, command);
  bash_values(out, "*", tree.root);
  out << "    *) return 1 ;;\n  esac\n}\n"
         "\n# The same for an argument, by its command and number.\n"
         "_sapdr_argument() {\n  case \"$1 $2\" in\n"
      << "    ' '*) offer=" << quoted(joined(names_of(tree.commands), " ")) << " ;;\n";
  for (const CommandEntry& command : tree.commands) bash_arguments(out, command);
  out << "    *) offer='' ;;\n  esac\n}\n"
         "\n_sapdr_options() {\n  case $1 in\n";
  for (const CommandEntry& command : tree.commands) {
    out << "    " << command.name << ") offer=" << quoted(joined(names_of(command.options), " "))
        << " ;;\n";
  }
  out << "    *) offer='' ;;\n  esac\n  offer+="
      << quoted(" " + joined(names_of(tree.root.options), " ")) << "\n}\n"
      << kBash;
  return out.str();
}

// ----------------------------------------------------------------------------------------- zsh

std::string zsh_escaped(const std::string& text) {
  std::string escaped;
  for (const char each : text) {
    if (std::string_view("\\[]:").find(each) != std::string_view::npos) escaped += '\\';
    escaped += each;
  }
  return escaped;
}

std::string zsh_offer(const OptionEntry& entry) {
  const Offer offered = offer(entry);
  const std::string title = ":" + zsh_escaped(entry.type) + ":";
  if (offered.kind == Kind::files) return title + "_files";
  if (offered.kind == Kind::folders) return title + "_files -/";
  if (offered.kind == Kind::words) return title + "(" + joined(offered.words, " ") + ")";
  return title + " ";
}

// Words for _arguments, one a line.
std::string zsh_specs(const CommandEntry& entry) {
  std::ostringstream out;
  for (const OptionEntry& option : entry.options) {
    for (const std::string& name : option.names) {
      const char* mark = option.type.empty() ? "" : name[1] == '-' ? "=" : "+";
      const std::string value = option.type.empty() ? "" : zsh_offer(option);
      out << "    " << quoted("*" + name + mark + "[" + zsh_escaped(option.text) + "]" + value)
          << "\n";
    }
  }
  for (std::size_t i = 0; i < entry.arguments.size(); ++i) {
    const OptionEntry& argument = entry.arguments[i];
    const std::string place = argument.repeats ? "*" : std::to_string(i + 1);
    out << "    " << quoted(place + zsh_offer(argument)) << "\n";
  }
  return out.str();
}

std::string zsh(const CommandTree& tree) {
  std::ostringstream out;
  out << "#compdef sapdr\n# Completion of sapdr for zsh, made by `sapdr completion zsh`.\n\n"
         "_sapdr() {\n  local context state state_descr line\n  typeset -A opt_args\n"
         "  local -a specs commands global=(\n"
      << zsh_specs(tree.root)
      << "  )\n  _arguments -C -S $global '1: :->command' '*:: :->argument' && return\n"
         "  if [[ $state == command ]]; then\n    commands=(\n";
  for (const CommandEntry& command : tree.commands)
    out << "    " << quoted(command.name + ":" + zsh_escaped(command.title)) << "\n";
  out << "    )\n    _describe -t commands command commands\n    return\n  fi\n"
         "  case $words[1] in\n";
  for (const CommandEntry& command : tree.commands)
    out << "  " << command.name << ") specs=(\n" << zsh_specs(command) << "    ) ;;\n";
  out << "  esac\n  _arguments -S $global $specs\n}\n\n"
         "if [[ $funcstack[1] == _sapdr ]]; then\n  _sapdr \"$@\" # found in $fpath\nelse\n"
         "  compdef _sapdr sapdr # read by source\nfi\n";
  return out.str();
}

// ---------------------------------------------------------------------------------------- fish

// With what comes in place of files, or with files.
std::string fish_offer(const OptionEntry& entry) {
  const Offer offered = offer(entry);
  if (offered.kind == Kind::files) return " -F";
  if (offered.kind == Kind::folders)
    return " -f -a '(__fish_complete_directories (commandline -ct))'";
  if (offered.kind == Kind::words) return " -f -a " + quoted(joined(offered.words, " "));
  return " -f";
}

void fish_lines(std::ostream& out, const CommandEntry& entry, const std::string& begin) {
  for (const OptionEntry& option : entry.options) {
    out << begin;
    for (const std::string& name : option.names)
      out << (name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1));
    if (!option.type.empty()) out << " -r" << fish_offer(option);
    out << " -d " << quoted(option.text) << "\n";
  }
  for (const OptionEntry& argument : entry.arguments) out << begin << fish_offer(argument) << "\n";
}

std::string fish(const CommandTree& tree) {
  std::vector<std::string> valued;
  for (const OptionEntry& option : tree.root.options)
    if (!option.type.empty()) valued.insert(valued.end(), option.names.begin(), option.names.end());
  std::ostringstream out;
  out << "# Completion of sapdr for fish, made by `sapdr completion fish`.\n\n"
         "# Is this the command on the command line? Without an argument: is there none yet?\n"
         "function __sapdr_command\n"
         "    set -l words (commandline -opc)\n"
         "    set -e words[1]\n"
         "    while set -q words[1]\n"
         "        switch $words[1]\n"
         "            case "
      << joined(valued, " ")
      << " # and its value\n"
         "                set -e words[1]\n"
         "            case '-*'\n"
         "            case '*'\n"
         "                test \"$words[1]\" = \"$argv[1]\"\n"
         "                return\n"
         "        end\n"
         "        set -e words[1]\n"
         "    end\n"
         "    test -z \"$argv[1]\"\n"
         "end\n\n"
         "complete -c sapdr -f\n";
  fish_lines(out, tree.root, "complete -c sapdr");
  for (const CommandEntry& command : tree.commands) {
    out << "\ncomplete -c sapdr -n __sapdr_command -a " << command.name << " -d "
        << quoted(command.title) << "\n";
    fish_lines(out, command, "complete -c sapdr -n '__sapdr_command " + command.name + "'");
  }
  return out.str();
}

// --------------------------------------------------------------------------------------------

struct CompletionArguments {
  std::string shell;
  CommandTree tree;
};

void run_completion(const CompletionArguments& a, Session& session) {
  std::string (*const script)(const CommandTree&) = a.shell == "bash"   ? bash
                                                    : a.shell == "zsh"  ? zsh
                                                    : a.shell == "fish" ? fish
                                                                        : nullptr;
  if (script == nullptr) {
    throw usage_error("\"" + shown(a.shell) + "\" is not a shell that completions are made for")
        .hinted("shells: bash, zsh, fish");
  }
  session.print_document(script(a.tree));
}

}  // namespace

void add_completion(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<CompletionArguments>();
  CLI::App& command = add_command(app, line, kCompletion,
                                  [arguments](Session& s) { run_completion(*arguments, s); });
  command.add_option("SHELL", arguments->shell, "bash, zsh or fish")->required();
  // `app` is gone when the command runs.
  command.parse_complete_callback([arguments, &app] { arguments->tree = command_tree(app); });
}

}  // namespace sapdr::shell
