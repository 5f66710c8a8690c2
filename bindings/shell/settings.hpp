// The global options, and where a value comes from that no option gave: SAPDR_* variables first,
// then restic's RESTIC_* variables.
#pragma once

#include <sapdr/context.h>
#include <sapdr/repository.h>

#include <cstdint>
#include <string>

#include "password.hpp"
#include "storage.hpp"

namespace sapdr::shell {

// All as they stand on the command line; empty or 0 where they do not.
struct PasswordOptions {
  std::string file;
  std::string command;
};

struct RepositoryOptions {
  std::string location;
  std::string location_file;
  PasswordOptions password;
  std::string key_hint;

  bool is_given() const {
    return !(location.empty() && location_file.empty() && password.file.empty() &&
             password.command.empty() && key_hint.empty());
  }
};

struct GlobalOptions {
  RepositoryOptions repository;
  StorageOptions storage;
  std::string retry_lock;
  std::string compression;
  std::uint32_t pack_size_mib = 0;
  std::uint32_t threads = 0;
  std::string cache_dir;
  std::string cache_size;
  std::uint32_t limit_upload = 0;    // KiB/s
  std::uint32_t limit_download = 0;  // KiB/s
  std::string limit_cpu;
  std::int32_t nice = 0;
  std::string io_class;
  int verbose = 0;
  bool no_lock = false;
  bool no_cache = false;
  bool quiet = false;
  bool json = false;
};

// Which repository: how its options and variables begin.
struct RepositoryKind {
  const char* option;    // behind the dashes
  const char* variable;  // behind SAPDR_
  const char* name;
};
inline constexpr RepositoryKind kRepository = {"", "", "repository"};
inline constexpr RepositoryKind kFromRepository = {"from-", "FROM_", "source repository"};

// The value of the first variable that is set, SAPDR_`name` or RESTIC_`name`; empty if none is.
std::string variable_of_any_prefix(const std::string& name);

std::string repository_location(const RepositoryOptions& options, const RepositoryKind& kind);

// Which password: how its options and variables begin, and what a person is asked.
struct PasswordKind {
  const char* option;
  const char* variable;
  const char* prompt;
  bool confirm;  // it is typed twice
};
inline constexpr PasswordKind kPassword = {"--password", "PASSWORD",
                                           "enter password for repository: ", false};
inline constexpr PasswordKind kFirstPassword = {"--password", "PASSWORD",
                                                "enter password for new repository: ", true};
inline constexpr PasswordKind kFromPassword = {"--from-password", "FROM_PASSWORD",
                                               "enter password for source repository: ", false};
inline constexpr PasswordKind kNewPassword = {"--new-password", "NEW_PASSWORD",
                                              "enter new password: ", true};

Secret read_password(const PasswordOptions& options, const PasswordKind& kind);

// The folder of all caches: that of --cache-dir, of SAPDR_CACHE_DIR, or below the user's own; "" if
// there is none.
std::string cache_folder(const GlobalOptions& options);

// What the options say of the threads of operations.
void read_pace(const GlobalOptions& options, sapdr_ctx_options& out);

// All of sapdr_repo_open_options but the password and cache_dir. Strings are borrowed from
// `options`.
sapdr_repo_open_options open_options(const GlobalOptions& options);

}  // namespace sapdr::shell
