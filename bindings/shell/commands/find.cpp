// find
#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kFind = {
    "find", "Find a file, a blob, a tree or a pack in the snapshots",
    "Lists what matches one of the patterns, in all snapshots or in those that the options "
    "choose.\n"
    "A pattern is a name (*.yaml), a part of a path (models/*.bin) or a path from the root; what\n"
    "is in a folder that matches is found, too. With --blob, --tree or --pack the arguments are\n"
    "ids or prefixes of ids, and the files and folders that need them are found.",
    "  sapdr find '*.safetensors'\n"
    "  sapdr find -l --oldest 2026-11-01 --host db1 models.yaml\n"
    "  sapdr find --pack 025c1d06                     what a damaged pack is needed for\n"};

struct FindArguments {
  std::vector<std::string> patterns;
  std::vector<std::string> snapshots;
  Selection selection;
  std::string oldest;
  std::string newest;
  bool ignore_case = false;
  bool long_form = false;
  bool blob = false;
  bool tree = false;
  bool pack = false;
};

// What the callback needs.
struct Told {
  Report& report;
  bool long_form;
  Parked parked;
};

std::int32_t on_match(void* user, const sapdr_match* match) {
  auto& told = *static_cast<Told*>(user);
  return told.parked.run([&] { told.report.match(*match, told.long_form); }) ? 0 : 1;
}

// 0: it was not given.
std::int64_t time_of(const char* option, const std::string& value) {
  if (value.empty()) return 0;
  const std::int64_t time = parse_time(option, value);
  return time != 0 ? time : std::int64_t{std::time(nullptr)} * 1'000'000'000;  // "now"
}

void summarise(const sapdr_find_result& r, Summary& summary) {
  summary.figures.number("snapshots", r.snapshots).number("trees", r.trees);
  summary.figures.number("matches", r.matches).number("failed", r.failed);
  summary.figures.seconds("elapsed_seconds", r.elapsed_ns);
}

void run_find(const FindArguments& a, Session& session) {
  if (a.patterns.empty())
    throw usage_error("find needs a PATTERN, or an id with --blob, --tree or --pack");
  if (a.blob + a.tree + a.pack > 1)
    throw usage_error("--blob, --tree and --pack exclude each other");
  const CStrings wanted(a.patterns);
  sapdr_find_options options;
  SAPDR_INIT(&options);
  const auto look_for = [&](const char* const*& list, std::size_t& n) {
    list = wanted.data();
    n = wanted.size();
  };
  if (a.blob) {
    look_for(options.blobs, options.n_blobs);
  } else if (a.tree) {
    look_for(options.trees, options.n_trees);
  } else if (a.pack) {
    look_for(options.packs, options.n_packs);
  } else {
    look_for(options.patterns, options.n_patterns);
  }
  options.ignore_case = a.ignore_case;
  options.oldest_ns = time_of("--oldest", a.oldest);
  options.newest_ns = time_of("--newest", a.newest);
  sapdr_repo* repo = session.open_to_read();
  const Filter filter(a.selection);
  const CStrings names(a.snapshots);
  options.snapshots = names.data();
  options.n_snapshots = names.size();
  Watch watch(session.console(), session.report(), session.options().json);
  options.observer = watch.observer();
  options.cancel = session.cancel();
  sapdr_find_result result;
  SAPDR_INIT(&result);
  Told told{session.report(), a.long_form, {}};
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_find_run(&result, repo, filter.get(), on_match, &told, &options, error);
  });
  watch.rethrow();
  told.parked.rethrow();
  summarise(result, session.summary());
  if (failure) throw std::move(*failure);
}

}  // namespace

void add_find(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<FindArguments>();
  CLI::App& command =
      add_command(app, line, kFind, [arguments](Session& s) { run_find(*arguments, s); });
  add_positionals(command, "PATTERN", arguments->patterns, "what to look for");
  command.add_flag("-i,--ignore-case", arguments->ignore_case, "patterns match both cases alike");
  command.add_flag("-l,--long", arguments->long_form, "mode, owner, size and time as well");
  command.add_option("-O,--oldest", arguments->oldest, "only what was modified then or later")
      ->type_name("TIME");
  command.add_option("-N,--newest", arguments->newest, "only what was modified then or earlier")
      ->type_name("TIME");
  command.add_flag("--blob", arguments->blob, "the arguments are ids of blobs of files");
  command.add_flag("--tree", arguments->tree, "the arguments are ids of trees");
  command.add_flag("--pack", arguments->pack, "the arguments are ids of packs");
  arguments->selection.add_options(command);
  add_list(command, "-s,--snapshot", arguments->snapshots, "SNAPSHOT",
           "only this one: an id, a prefix, latest, or one with :/FOLDER (can be repeated)")
      ->group("Which snapshots");
}

}  // namespace sapdr::shell
