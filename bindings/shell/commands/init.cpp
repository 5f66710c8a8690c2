// init, version
#include <CLI/CLI.hpp>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kInit = {
    "init", "Create a new repository",
    "Creates an empty repository at the place that -r names. The password protects the key that\n"
    "everything is encrypted with: without it the backups are lost, so keep a copy elsewhere.\n"
    "With --codec tensor weights of models take a third less; restic and others refuse such a\n"
    "repository, until its snapshots are copied into one without it (sapdr copy).\n"
    "With --copy-chunker-params files are cut as for a repository that snapshots will be copied\n"
    "from, so that what both have is stored once.",
    "  sapdr init -r /srv/repo                        ask for the password, twice\n"
    "  sapdr init -r /srv/repo -p /etc/sapdr.password\n"
    "  sapdr init -r /srv/repo --password-command 'pass show backup'\n"
    "  sapdr init -r /srv/copy --from-repo /srv/repo --copy-chunker-params\n"};

constexpr CommandText kVersion = {"version", "Print the version",
                                  "Prints the versions of the command and of the library that is "
                                  "loaded.",
                                  "  sapdr version\n  sapdr version --json\n"};

struct InitArguments {
  std::string version = "2";
  std::uint32_t scrypt_n = 0;
  std::string codec = "zstd";
  bool copy_chunker_params = false;
  RepositoryOptions from;
};

void run_init(const InitArguments& arguments, Session& session) {
  if (arguments.from.is_given() && !arguments.copy_chunker_params) {
    throw usage_error("a source repository is only used with --copy-chunker-params");
  }
  sapdr_repo_init_options options;
  SAPDR_INIT(&options);
  options.version =
      static_cast<std::uint32_t>(parse_choice("--repository-version", arguments.version,
                                              {{"1", 1}, {"2", 2}, {"stable", 2}, {"latest", 2}}));
  options.scrypt_n = arguments.scrypt_n;
  options.codec = parse_choice("--codec", arguments.codec,
                               {{"zstd", SAPDR_CODEC_ZSTD}, {"tensor", SAPDR_CODEC_TENSOR}});
  if (arguments.copy_chunker_params)
    options.copy_chunker_params = session.open_from(arguments.from);
  sapdr_repo* repo = session.create(options);
  const std::string id = sapdr_repo_id(repo);
  const std::string location = sapdr_repo_location(repo);
  session.summary().figures.text("repository_id", id).bytes("location", location);
  session.summary().figures.number("repository_version", sapdr_repo_version(repo));
  session.summary().figures.text("codec", arguments.codec);
  session.summary().lines = {
      "created repository " + short_id(id) + " at " + shown(location),
      "keep its password safe: nobody can restore anything without it",
  };
}

void run_version(Session& session) {
  const std::string version = std::to_string(SAPDR_VERSION_MAJOR) + "." +
                              std::to_string(SAPDR_VERSION_MINOR) + "." +
                              std::to_string(SAPDR_VERSION_PATCH);
  session.summary().figures.text("version", version);
  session.summary().figures.text("library_version", sapdr_version_string());
  session.summary().lines = {"sapdr " + version + ", library " + sapdr_version_string() +
                             ", repository versions 1 and 2"};
}

}  // namespace

void add_init(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<InitArguments>();
  CLI::App& command =
      add_command(app, line, kInit, [arguments](Session& s) { run_init(*arguments, s); });
  command
      .add_option("--repository-version", arguments->version,
                  "format version: 1, 2, stable or latest (default stable, which is 2)")
      ->type_name("VERSION");
  command
      .add_option("--scrypt-n", arguments->scrypt_n,
                  "cost of the key derivation, a power of two (default 32768); less is only safe "
                  "with a long random password")
      ->type_name("N");
  command
      .add_option("--codec", arguments->codec,
                  "zstd, as restic has it (default), or tensor, for weights of models")
      ->type_name("CODEC");
  command.add_flag("--copy-chunker-params", arguments->copy_chunker_params,
                   "cut files as the source repository does");
  add_from_options(command, arguments->from);
}

void add_version(CLI::App& app, CommandLine& line) {
  add_command(app, line, kVersion, [](Session& s) { run_version(s); });
}

}  // namespace sapdr::shell
