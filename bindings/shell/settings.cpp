#include "settings.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "failure.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace sapdr::shell {
namespace {

constexpr std::array kPrefixes = {"SAPDR_", "RESTIC_"};

// "" if the variable is not set.
std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

void refuse_both(const std::string& a, const std::string& a_name, const std::string& b,
                 const std::string& b_name) {
  if (a.empty() || b.empty()) return;
  throw usage_error(a_name + " and " + b_name + " exclude each other; give one of them");
}

std::string location_from_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) {
    throw Failure(SAPDR_E_NOT_FOUND, "cannot read the repository location from " + shown(path));
  }
  const auto end = line.find_last_not_of(" \t\r");
  return end == std::string::npos ? "" : line.substr(0, end + 1);
}

std::string one_of(const std::string& location, const std::string& location_name,
                   const std::string& file, const std::string& file_name) {
  refuse_both(location, location_name, file, file_name);
  return file.empty() ? location : location_from_file(file);
}

std::int32_t compression_mode(const std::string& name) {
  if (name.empty()) return SAPDR_COMPRESSION_AUTO;
  return parse_choice("--compression", name,
                      {{"auto", SAPDR_COMPRESSION_AUTO},
                       {"off", SAPDR_COMPRESSION_OFF},
                       {"fastest", SAPDR_COMPRESSION_FASTEST},
                       {"better", SAPDR_COMPRESSION_BETTER},
                       {"max", SAPDR_COMPRESSION_MAX}});
}

std::uint32_t pack_size(const std::string& text) {
  if (text.empty()) return 0;
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) {
    throw usage_error("SAPDR_PACK_SIZE: \"" + shown(text) + "\" is not a number of MiB");
  }
  return value;
}

}  // namespace

std::string variable_of_any_prefix(const std::string& name) {
  for (const std::string prefix : kPrefixes) {
    if (std::string value = variable(prefix + name); !value.empty()) return value;
  }
  return "";
}

std::string repository_location(const RepositoryOptions& options, const RepositoryKind& kind) {
  const std::string dashes = std::string("--") + kind.option;
  const std::string name = std::string(kind.variable) + "REPOSITORY";
  std::string location =
      one_of(options.location, dashes + "repo", options.location_file, dashes + "repository-file");
  for (const std::string prefix : kPrefixes) {
    if (!location.empty()) break;
    const std::string file = prefix + name + "_FILE";
    location = one_of(variable(prefix + name), prefix + name, variable(file), file);
  }
  if (location.empty()) {
    throw usage_error(std::string("no ") + kind.name + " was given")
        .hinted("use " + dashes + "repo LOCATION, " + dashes +
                "repository-file FILE or the variable SAPDR_" + name);
  }
  return location;
}

Secret read_password(const PasswordOptions& options, const PasswordKind& kind) {
  const std::string file_option = std::string(kind.option) + "-file";
  const std::string command_option = std::string(kind.option) + "-command";
  refuse_both(options.file, file_option, options.command, command_option);
  if (!options.file.empty()) return password_from_file(options.file);
  if (!options.command.empty()) return password_from_command(options.command);
  for (const std::string prefix : kPrefixes) {
    const std::string name = prefix + kind.variable;
    const std::string file = variable(name + "_FILE");
    const std::string command = variable(name + "_COMMAND");
    refuse_both(file, name + "_FILE", command, name + "_COMMAND");
    if (!file.empty()) return password_from_file(file);
    if (!command.empty()) return password_from_command(command);
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') return password_from_variable(name.c_str());
  }
  const std::string variable = kPrefixes.front() + std::string(kind.variable);
  return password_from_terminal(
      kind.prompt, kind.confirm,
      "use " + file_option + ", " + command_option + ", " + variable + "_FILE or " + variable);
}

std::string cache_folder(const GlobalOptions& options) {
  if (!options.cache_dir.empty()) return options.cache_dir;
  if (std::string given = variable("SAPDR_CACHE_DIR"); !given.empty()) return given;
  // One that is relative does not count, as the standard has it.
  const std::string caches = variable("XDG_CACHE_HOME");
  if (caches.starts_with('/')) return caches + "/sapdr";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.cache/sapdr";
}

void read_pace(const GlobalOptions& options, sapdr_ctx_options& out) {
  out.threads = options.threads;
  if (!options.limit_cpu.empty()) {
    out.limit_cpu_percent = parse_percent("--limit-cpu", options.limit_cpu);
  }
  out.nice = options.nice;
  if (options.io_class.empty()) return;
  const std::size_t colon = std::min(options.io_class.find(':'), options.io_class.size());
  out.io_class = parse_choice("--io-class", options.io_class.substr(0, colon),
                              {{"idle", SAPDR_IO_IDLE}, {"best-effort", SAPDR_IO_BEST_EFFORT}});
  if (colon == options.io_class.size()) return;
  out.io_level = parse_level("--io-class", options.io_class.substr(colon + 1));
}

sapdr_repo_open_options open_options(const GlobalOptions& options) {
  sapdr_repo_open_options out;
  SAPDR_INIT(&out);
  out.compression = compression_mode(
      options.compression.empty() ? variable_of_any_prefix("COMPRESSION") : options.compression);
  out.pack_size_mib = options.pack_size_mib != 0 ? options.pack_size_mib
                                                 : pack_size(variable_of_any_prefix("PACK_SIZE"));
  const std::string& key = options.repository.key_hint;
  out.key_hint = key.empty() ? nullptr : key.c_str();
  out.no_lock = options.no_lock;
  if (!options.retry_lock.empty()) {
    out.retry_lock_ns = parse_duration("--retry-lock", options.retry_lock);
  }
  refuse_both(options.no_cache ? "yes" : "", "--no-cache", options.cache_dir, "--cache-dir");
  if (!options.cache_size.empty()) {
    out.cache_size = parse_size("--cache-size", options.cache_size);
    if (out.cache_size == 0) throw usage_error("--cache-size is 0; --no-cache turns the cache off");
  }
  return out;
}

}  // namespace sapdr::shell
