#include "failure.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <system_error>

namespace sapdr::shell {
namespace {

constexpr std::array kDetailKeys = {"path",  "pack",  "snapshot", "backend",
                                    "errno", "hosts", "gap_from", "gap_to"};

sapdr_status status_of_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return SAPDR_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
      return SAPDR_E_PERMISSION;
    case EEXIST:
      return SAPDR_E_EXISTS;
    case ENOSPC:
    case EDQUOT:
      return SAPDR_E_NO_SPACE;
    case ENOMEM:
      return SAPDR_E_NO_MEMORY;
    default:
      return SAPDR_E_IO;
  }
}

}  // namespace

Failure::Failure(sapdr_status status, std::string message)
    : status_(status), message_(std::move(message)) {}

Failure::Failure(sapdr_status status, const sapdr_error* error)
    : status_(status),
      retryable_(sapdr_error_retryable(error)),
      message_(sapdr_error_message(error)) {
  if (message_.empty()) message_ = sapdr_status_text(status);
  for (const char* key : kDetailKeys) {
    if (const char* value = sapdr_error_detail(error, key)) details_.emplace_back(key, value);
  }
  for (error = sapdr_error_cause(error); error != nullptr; error = sapdr_error_cause(error)) {
    causes_.emplace_back(sapdr_error_message(error));
  }
}

Failure&& Failure::hinted(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

std::string Failure::hint() const {
  if (!hint_.empty()) return hint_;
  switch (status_) {
    case SAPDR_E_NO_REPOSITORY:
      return "check -r or SAPDR_REPOSITORY; `sapdr init` creates a repository";
    case SAPDR_E_LOCKED:
      return "wait with --retry-lock, or remove stale locks with `sapdr unlock`";
    case SAPDR_E_CORRUPT:
      return "`sapdr check --read-data` names every damage";
    case SAPDR_E_AUTH:
      return "check --password-file, --password-command or the variable SAPDR_PASSWORD";
    case SAPDR_E_UNSUPPORTED:
    case SAPDR_E_AMBIGUOUS:
    case SAPDR_E_NO_SPACE:
    case SAPDR_E_NO_MEMORY:
    case SAPDR_E_INTERNAL: {
      const std::string text = sapdr_status_text(status_);
      return text == message_ ? "" : text;
    }
    default:
      return "";
  }
}

Failure usage_error(std::string message) {
  return Failure(SAPDR_E_INVALID_ARGUMENT, std::move(message));
}

Failure system_failure(const std::string& what, int number) {
  return {status_of_errno(number), what + ": " + std::generic_category().message(number)};
}

Failure current_failure() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::bad_alloc&) {
    return {SAPDR_E_NO_MEMORY, "memory ran out"};
  } catch (const std::exception& error) {
    return {SAPDR_E_INTERNAL, std::string(error.what())};
  }
}

}  // namespace sapdr::shell
