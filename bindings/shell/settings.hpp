// The global options, and where a value comes from that no option gave: SAPDR_* variables first,
// then restic's RESTIC_* variables.
#pragma once

#include <sapdr/repository.h>

#include <cstdint>
#include <string>

#include "password.hpp"

namespace sapdr::shell {

// As they stand on the command line; empty or 0 where they do not.
struct GlobalOptions {
  std::string repo;
  std::string repository_file;
  std::string password_file;
  std::string password_command;
  std::string key_hint;
  std::string retry_lock;
  std::string compression;
  std::uint32_t pack_size_mib = 0;
  std::uint32_t threads = 0;
  std::uint32_t limit_upload = 0;    // KiB/s
  std::uint32_t limit_download = 0;  // KiB/s
  int verbose = 0;
  bool no_lock = false;
  bool quiet = false;
  bool json = false;
};

std::string repository_location(const GlobalOptions& options);

// `confirm`: a new password, to be typed twice if it is typed.
Secret repository_password(const GlobalOptions& options, bool confirm);

// All of sapdr_repo_open_options but the password. Strings are borrowed from `options`.
sapdr_repo_open_options open_options(const GlobalOptions& options);

}  // namespace sapdr::shell
