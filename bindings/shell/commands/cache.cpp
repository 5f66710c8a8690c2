// cache
#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>

#include "command_line.hpp"
#include "parse.hpp"
#include "session.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr CommandText kCache = {
    "cache", "List the caches of remote repositories, remove old ones",
    "Of remote repositories, snapshots, indexes and folders are kept on this machine, encrypted "
    "as\n"
    "they are there, so that they are not loaded again. A cache can be removed at any time: what "
    "is\n"
    "in it is in the repository, too. Old is what was not used for --max-age. Needs no repository.",
    "  sapdr cache                                    what there is\n"
    "  sapdr cache --cleanup                          remove what was not used for 30 days\n"
    "  sapdr cache --cleanup --max-age 0s             remove all\n"};

struct CacheArguments {
  bool cleanup = false;
  std::string max_age = "30d";
};

std::int64_t now_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void run_cache(const CacheArguments& a, Session& session) {
  const std::int64_t max_age = parse_duration("--max-age", a.max_age);
  const std::string folder = cache_folder(session.options());
  if (folder.empty()) {
    throw usage_error("there is no place for a cache").hinted("use --cache-dir or SAPDR_CACHE_DIR");
  }
  const std::int64_t oldest = now_ns() - max_age;
  const CacheList list = make<CacheList>([&](auto** out, sapdr_error** error) {
    return a.cleanup ? sapdr_cache_remove(out, session.context(), folder.c_str(), max_age, error)
                     : sapdr_cache_list_new(out, session.context(), folder.c_str(), error);
  });
  std::vector<ListedCache> caches;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sapdr_cache_list_size(list.get()); ++i) {
    const sapdr_cache* cache = sapdr_cache_list_at(list.get(), i);
    caches.push_back({cache, a.cleanup || cache->used_ns <= oldest});
    bytes += cache->bytes;
  }
  session.report().caches(caches);
  session.summary().figures.bytes("folder", folder).flag("removed", a.cleanup);
  session.summary().figures.number("caches", caches.size()).number("bytes", bytes);
  session.summary().lines = {(a.cleanup ? "removed " : "") + counted(caches.size(), "cache") +
                             " in " + shown(folder) + ", " + human_bytes(bytes)};
}

}  // namespace

void add_cache(CLI::App& app, CommandLine& line) {
  const auto arguments = std::make_shared<CacheArguments>();
  CLI::App& command =
      add_command(app, line, kCache, [arguments](Session& s) { run_cache(*arguments, s); });
  command.add_flag("--cleanup", arguments->cleanup, "remove the old ones");
  command
      .add_option("--max-age", arguments->max_age,
                  "what was not used for so long is old: 12h, 7d (default 30d)")
      ->type_name("DURATION");
}

}  // namespace sapdr::shell
