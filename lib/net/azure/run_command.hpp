// Another program, run for what it prints: no shell, no terminal, bounded in time and output.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace sapdr::core {

struct Command {
  std::string program;  // a path
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value", beside what this process has
  std::chrono::nanoseconds time_limit = std::chrono::seconds(30);
  size_t max_output = 256 * 1024;  // more is a failure
  size_t max_errors = 64 * 1024;   // more is dropped
};

struct CommandResult {
  int exit_code = 0;  // 128 and more: by a signal, as shells have it
  SecretBytes output;
  std::string errors;
};

// The file that PATH finds by that name. Folders that are relative to where we happen to be do not
// count.
std::optional<std::string> find_program(std::string_view name, std::string_view search_path);

// Runs in "/", with no input, and with none of this process's descriptors. What it leaves running
// when it ends is left alone; if it does not end in time it is killed with all of that. Throws
// Code::timeout (Retry::maybe), Code::cancelled, Code::corrupt if it prints too much, and what
// starting it throws.
CommandResult run_command(const Command& command);

}  // namespace sapdr::core
