#include "command_line.hpp"

#include <sapdr/sapdr.h>

#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>

#include "failure.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr const char* kPurpose =
    "Back up, list, check and restore files in a repository of restic's format.\n"
    "\n"
    "A repository is a folder, or a container of Azure Blob Storage, that holds deduplicated,\n"
    "compressed and encrypted snapshots.\n"
    "restic reads what sapdr writes, and the other way round. A backup ends as written, or as\n"
    "verified once all of it was read back; nothing that was skipped ends in exit code 0.\n";

constexpr const char* kExamples =
    "Examples:\n"
    "  export SAPDR_REPOSITORY=/srv/repo SAPDR_PASSWORD_FILE=/etc/sapdr.password\n"
    "  sapdr init\n"
    "  sapdr backup --verify /srv/models\n"
    "  sapdr snapshots\n"
    "  sapdr restore latest --target /tmp/restored\n"
    "\n"
    "Environment, each read if no option says it (RESTIC_* serves where SAPDR_* is not set):\n"
    "  SAPDR_REPOSITORY, SAPDR_REPOSITORY_FILE     where the repository is\n"
    "  SAPDR_PASSWORD_FILE, SAPDR_PASSWORD_COMMAND,\n"
    "  SAPDR_PASSWORD                              its password, never an argument\n"
    "  SAPDR_FROM_REPOSITORY, SAPDR_FROM_PASSWORD...\n"
    "                                              the same of the source of a copy\n"
    "  SAPDR_NEW_PASSWORD_FILE, ..._COMMAND, or\n"
    "  SAPDR_NEW_PASSWORD                          a new one, for key add and key passwd\n"
    "  SAPDR_COMPRESSION, SAPDR_PACK_SIZE          how new data is written\n"
    "  SAPDR_CACHE_DIR                             where remote repositories are cached\n"
    "  SAPDR_CACERT                                as --cacert\n"
    "  AZURE_ACCOUNT_NAME, AZURE_ACCOUNT_KEY, ...  the account of azure: and what opens it\n"
    "  NO_COLOR                                    no colours on a terminal\n"
    "\n"
    "Exit codes:\n";

std::string exit_codes() {
#define SAPDR_EXIT_CODE(name, value, exit_code, text) {exit_code, text},
  const std::map<int, std::string> codes = {SAPDR_STATUS_TABLE(SAPDR_EXIT_CODE)};
#undef SAPDR_EXIT_CODE
  std::ostringstream out;
  for (const auto& [code, text] : codes)
    out << "  " << std::setw(3) << code << "  " << text << "\n";
  return out.str();
}

// "-r, --repo LOCATION" instead of "-r,--repo TEXT ...", and titles in the list of commands.
class Help : public CLI::Formatter {
 public:
  Help() {
    column_width(34);
    label("OPTIONS", "OPTION...");
    label("SUBCOMMAND", "COMMAND");
    label("Positionals", "Arguments");
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    const std::string text = Formatter::make_help(app, std::move(name), mode);
    return CLI::detail::find_and_replace(text, "\n\n\n", "\n\n");
  }
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    const std::string name = Formatter::make_option_name(option, positional);
    return CLI::detail::find_and_replace(name, ",", ", ");
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    const bool named = option->nonpositional() && option->get_type_size() != 0;
    return named ? " " + option->get_type_name() : "";
  }
  std::string make_option_usage(const CLI::Option* option) const override {
    if (option->get_required()) return option->get_name(true);
    return "[" + option->get_name(true) + (option->get_expected_max() > 1 ? "...]" : "]");
  }
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string text = command->get_description();
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_name(), text.substr(0, text.find('\n')), 14);
    return out.str();
  }
};

void add_globals(CLI::App& app, GlobalOptions& options) {
  const auto option = [&](const char* group, const char* names, auto& value, const char* type,
                          const char* description) {
    app.add_option(names, value, description)->type_name(type)->group(group);
  };
  constexpr const char* kGroup = "Repository";
  option(kGroup, "-r,--repo", options.repository.location, "LOCATION",
         "where the repository is: a folder, azure:CONTAINER:/PATH or an https URL");
  option(kGroup, "--repository-file", options.repository.location_file, "FILE",
         "read the location from a file");
  option(kGroup, "-p,--password-file", options.repository.password.file, "FILE",
         "read the password from a file");
  option(kGroup, "--password-command", options.repository.password.command, "COMMAND",
         "read the password from what a shell command prints");
  option(kGroup, "--key-hint", options.repository.key_hint, "ID", "try this key first");
  option(kGroup, "--retry-lock", options.retry_lock, "DURATION",
         "wait so long for a lock of others: 90s, 5m, 1h");
  option(kGroup, "--retry-for", options.storage.retry_for, "DURATION",
         "make calls of storage in Azure that failed again for so long (default: 15m)");
  option(kGroup, "--limit-download", options.limit_download, "KiB/s",
         "read at most so much from the storage (default: no limit)");
  option(kGroup, "--limit-upload", options.limit_upload, "KiB/s",
         "write at most so much to the storage (default: no limit)");
  add_list(app, "-o,--option", options.storage.extended, "NAME=VALUE",
           "an option of the storage: azure.connections=N, azure.access-tier=TIER, "
           "azure.secondary=MODE, azure.rehydrate-priority=High and, each with a DURATION, "
           "azure.connect-timeout, "
           "azure.first-byte-timeout, azure.stall-timeout; for doctor azure.account-id=ID and "
           "azure.management=URL")
      ->group(kGroup);
  option(kGroup, "--cacert", options.storage.ca_file, "FILE",
         "trust these certificates, too, of whoever serves the storage");
  app.add_flag("--no-lock", options.no_lock, "take no lock, to read from read-only storage")
      ->group(kGroup);
  constexpr const char* kCache = "Cache of remote repositories";
  option(kCache, "--cache-dir", options.cache_dir, "FOLDER",
         "where it is (default: ~/.cache/sapdr)");
  option(kCache, "--cache-size", options.cache_size, "SIZE",
         "let it take so much: 500M, 20G (default 10G)");
  app.add_flag("--no-cache", options.no_cache, "use none")->group(kCache);
  constexpr const char* kWriting = "Writing";
  option(kWriting, "--compression", options.compression, "MODE",
         "auto (default), off, fastest, better or max");
  option(kWriting, "--pack-size", options.pack_size_mib, "MiB",
         "size of new pack files, 4 to 128 (default 16)");
  constexpr const char* kPace = "Pace";
  option(kPace, "--threads", options.threads, "N", "worker threads (default: one a core)");
  option(kPace, "--limit-cpu", options.limit_cpu, "PERCENT",
         "use at most so much of one core: 50% is half of one, 200% two");
  option(kPace, "--nice", options.nice, "N", "nice value of the threads, 0 (default) to 19");
  option(kPace, "--io-class", options.io_class, "CLASS",
         "when disks serve it: idle, or best-effort[:LEVEL] with a level of 1 to 7 (default 7)");
  constexpr const char* kOutput = "Output";
  app.add_flag("--json", options.json, "one JSON event a line on standard output (docs/JSON.md)")
      ->group(kOutput);
  app.add_flag("-q,--quiet", options.quiet, "only errors, problems and data that was asked for")
      ->group(kOutput);
  app.add_flag("-v,--verbose", options.verbose, "tell each item; twice: debug log as well")
      ->group(kOutput);
}

void add_commands(CLI::App& app, CommandLine& line) {
  add_init(app, line);
  add_backup(app, line);
  add_snapshots(app, line);
  add_ls(app, line);
  add_dump(app, line);
  add_diff(app, line);
  add_find(app, line);
  add_restore(app, line);
  add_check(app, line);
  add_verify(app, line);
  add_repair(app, line);
  add_checksum(app, line);
  add_forget(app, line);
  add_prune(app, line);
  add_unlock(app, line);
  add_copy(app, line);
  add_tag(app, line);
  add_key(app, line);
  add_stats(app, line);
  add_cache(app, line);
  add_doctor(app, line);
  add_mongodb(app, line);
  add_cat(app, line);
  add_list_command(app, line);
  add_completion(app, line);
  add_man(app, line);
  add_version(app, line);
}

// An error may come before --json was reached.
bool json_is_asked_for(int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error, int argc) {
  if (argc < 2) return "no command was given";
  if (app.get_subcommands().empty()) {
    const auto extras = app.remaining();
    if (!extras.empty()) return "\"" + shown(extras.front()) + "\" is not a command or an option";
    return "no command was given";
  }
  std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    text = text.substr(text.find(": ") + 2) + ": no such option, or one argument too many";
  }
  return printable(text);
}

}  // namespace

bool parse_arguments(int argc, const char* const* argv, CommandLine& line) {
  CLI::App app(kPurpose, "sapdr");
  app.formatter(std::make_shared<Help>());
  app.fallthrough();
  app.require_subcommand(1);
  app.option_defaults()->take_last();
  add_globals(app, line.globals);
  app.set_version_flag("--version", std::string("sapdr ") + sapdr_version_string(), "the version")
      ->group("Output");
  app.set_help_flag("-h,--help", "this help, or with a command the help of that command")
      ->group("Output");
  add_commands(app, line);
  app.footer(kExamples + exit_codes());
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success& asked_for_help) {
    app.exit(asked_for_help, std::cout, std::cerr);
    return false;
  } catch (const CLI::ParseError& error) {
    line.globals.json = json_is_asked_for(argc, argv);
    const auto commands = app.get_subcommands();
    if (!commands.empty()) line.command = commands.front()->get_name();
    const std::string with_command = line.command == "sapdr" ? "sapdr" : "sapdr " + line.command;
    throw usage_error(what_is_wrong(app, error, argc)).hinted("see `" + with_command + " --help`");
  }
}

CLI::App& add_command(CLI::App& app, CommandLine& line, const CommandText& text,
                      std::function<void(Session&)> run) {
  CLI::App* command =
      app.add_subcommand(text.name, std::string(text.title) + "\n\n" + text.purpose + "\n");
  command->group("Commands");
  command->get_help_ptr()->group("");  // it works, but there is no need to list it in itself
  command->footer(std::string("Examples:\n") + text.examples +
                  "\nGlobal options, environment and exit codes: sapdr --help");
  command->callback([&line, name = text.name, run = std::move(run)] {
    line.command = name;
    line.run = run;
  });
  return *command;
}

CLI::Option* add_list(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                      const std::string& type, const std::string& description) {
  return command.add_option(names, values, description)
      ->type_name(type)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* add_positionals(CLI::App& command, const std::string& name,
                             std::vector<std::string>& values, const std::string& description) {
  // A positional with extra arguments would split "[a,b]" into two. Without them CLI11 takes one at
  // a time until the least number is reached, which TakeAll does not enforce.
  constexpr int kAnyNumber = 1 << 28;
  return command.add_option(name, values, description)
      ->expected(kAnyNumber, kAnyNumber)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_from_options(CLI::App& command, RepositoryOptions& from) {
  const auto option = [&](const char* name, auto& value, const char* type, const char* text) {
    command.add_option(name, value, text)->type_name(type)->group("Source repository");
  };
  option("--from-repo", from.location, "LOCATION", "where it is");
  option("--from-repository-file", from.location_file, "FILE", "read the location from a file");
  option("--from-password-file", from.password.file, "FILE", "read its password from a file");
  option("--from-password-command", from.password.command, "COMMAND",
         "read its password from what a shell command prints");
  option("--from-key-hint", from.key_hint, "ID", "try this key of it first");
}

}  // namespace sapdr::shell
