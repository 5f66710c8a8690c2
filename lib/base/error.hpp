// The one exception type of the library. It carries what the C ABI tells: a status, a retry class,
// details and a cause.
#pragma once

#include <sapdr/status.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sapdr::core {

enum class Code : sapdr_status {
  ok = SAPDR_OK,
  invalid_argument = SAPDR_E_INVALID_ARGUMENT,
  invalid_state = SAPDR_E_INVALID_STATE,
  not_found = SAPDR_E_NOT_FOUND,
  exists = SAPDR_E_EXISTS,
  permission = SAPDR_E_PERMISSION,
  auth = SAPDR_E_AUTH,
  locked = SAPDR_E_LOCKED,
  corrupt = SAPDR_E_CORRUPT,
  checksum = SAPDR_E_CHECKSUM,
  io = SAPDR_E_IO,
  network = SAPDR_E_NETWORK,
  timeout = SAPDR_E_TIMEOUT,
  cancelled = SAPDR_E_CANCELLED,
  unsupported = SAPDR_E_UNSUPPORTED,
  no_memory = SAPDR_E_NO_MEMORY,
  callback = SAPDR_E_CALLBACK,
  incomplete = SAPDR_E_INCOMPLETE,
  no_space = SAPDR_E_NO_SPACE,
  ambiguous = SAPDR_E_AMBIGUOUS,
  internal = SAPDR_E_INTERNAL,
  no_repository = SAPDR_E_NO_REPOSITORY,
  unsafe = SAPDR_E_UNSAFE,
  gap = SAPDR_E_GAP,
};

enum class Retry : int32_t { never = 0, maybe = 1, yes = 2 };

class Error : public std::exception {
 public:
  // `message`: one line, names the object and what to do, no secrets.
  Error(Code code, std::string message, Retry retry = Retry::never);

  // Adds a detail; for use at the throw: `throw Error(…).with("path", p)`.
  Error&& with(std::string key, std::string value) &&;
  Error&& because(const Error& cause) &&;

  Code code() const noexcept { return code_; }
  Retry retry() const noexcept { return retry_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string* detail(std::string_view key) const noexcept;
  const Error* cause() const noexcept { return cause_.get(); }

 private:
  Code code_;
  Retry retry_;
  std::string message_;
  std::vector<std::pair<std::string, std::string>> details_;
  std::shared_ptr<const Error> cause_;
};

// The error for a failed system call: "could not open /x: Permission denied". The code follows
// `errnum` (ENOENT: not_found, EACCES: permission, ENOSPC: no_space, …).
Error system_error(int errnum, std::string_view action, std::string_view path);

// What cannot be blamed on one item among many: it ends the run.
bool is_fatal(const Error& error);

// What is thrown when memory ran out, as an Error.
Error out_of_memory() noexcept;

// Whatever is being handled in a catch block, as an Error; if there is no memory for one that says
// so much, that there is none.
Error current_error() noexcept;

}  // namespace sapdr::core
