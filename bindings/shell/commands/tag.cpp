// tag
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "selection.hpp"
#include "session.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kTag = {
    "tag", "Change the tags of snapshots",
    "Adds, removes or replaces the tags of the named snapshots, or without names of all that "
    "match\n"
    "the options. A changed snapshot gets a new id; it stays verified if it was. Nothing else may\n"
    "use the repository meanwhile. `-v` names each snapshot.",
    "  sapdr tag --add keep,release latest\n"
    "  sapdr tag --host db1 --tag nightly --remove nightly --add weekly\n"
    "  sapdr tag --set '' 1234abcd                    no tags at all\n"};

struct TagArguments {
  std::vector<std::string> names;
  std::vector<std::string> add;
  std::vector<std::string> remove;
  std::vector<std::string> set;
  Selection selection;
};

std::vector<std::string> tags_of(const char* option, const std::vector<std::string>& lists) {
  std::vector<std::string> tags = split_commas(lists);
  if (std::find(tags.begin(), tags.end(), "") != tags.end()) {
    throw usage_error(std::string(option) + ": a tag must not be empty");
  }
  return tags;
}

// What is to be done, as the C ABI takes it.
struct Tags {
  explicit Tags(const TagArguments& a)
      : add(tags_of("--add", a.add)), remove(tags_of("--remove", a.remove)) {
    const bool clears = a.set.size() == 1 && a.set[0].empty();
    set = clears ? a.set : tags_of("--set", a.set);
    if (set.empty() && add.empty() && remove.empty()) {
      throw usage_error("no tags were given: use --add, --remove or --set");
    }
    if (!set.empty() && !(add.empty() && remove.empty())) {
      throw usage_error("--set excludes --add and --remove");
    }
  }

  std::vector<std::string> add, remove, set;
};

// Fills in `result` as far as it gets.
std::optional<Failure> change(const Tags& tags, Session& session, sapdr_repo* repo,
                              const TagArguments& a, sapdr_tag_result& result) {
  const Filter filter(a.selection);
  const CStrings names(a.names), add(tags.add), remove(tags.remove), set(tags.set);
  Watch watch(session.console(), session.report(), session.options().json);
  sapdr_tag_options options;
  SAPDR_INIT(&options);
  options.observer = watch.observer();
  options.cancel = session.cancel();
  options.add = add.data();
  options.n_add = add.size();
  options.remove = remove.data();
  options.n_remove = remove.size();
  options.set = set.data();
  options.n_set = set.size();
  auto failure = attempt([&](sapdr_error** error) {
    return sapdr_tag_run(&result, repo, names.data(), names.size(), filter.get(), &options, error);
  });
  watch.rethrow();
  return failure;
}

void run_tag(const TagArguments& a, Session& session) {
  const Tags tags(a);
  sapdr_repo* repo = session.open();
  sapdr_tag_result result;
  SAPDR_INIT(&result);
  auto failure = change(tags, session, repo, a, result);
  session.summary().figures.number("changed", result.changed).number("unchanged", result.unchanged);
  session.summary().figures.seconds("elapsed_seconds", result.elapsed_ns);
  session.summary().lines = {"changed the tags of " + counted(result.changed, "snapshot") + ", " +
                             std::to_string(result.unchanged) + " had them already"};
  if (failure) throw std::move(*failure);
}

}  // namespace

void add_tag(CLI::App& app, CommandLine& line) {
  constexpr const char* kGroup = "The tags";
  const auto arguments = std::make_shared<TagArguments>();
  CLI::App& command =
      add_command(app, line, kTag, [arguments](Session& s) { run_tag(*arguments, s); });
  add_positionals(command, "SNAPSHOT", arguments->names, "only these: ids, prefixes or latest");
  const auto option = [&](const char* name, auto& value, const char* text) {
    add_list(command, name, value, "TAG[,TAG...]", text)->group(kGroup);
  };
  option("--add", arguments->add, "add these (can be repeated)");
  option("--remove", arguments->remove, "take these away (can be repeated)");
  option("--set", arguments->set, "replace all by these; '' for none (can be repeated)");
  arguments->selection.add_options(command);
}

}  // namespace sapdr::shell
