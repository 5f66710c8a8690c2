// How a command fails: a status of the library's table, one line, and what to do about it.
#pragma once

#include <sapdr/error.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sapdr::shell {

class Failure : public std::exception {
 public:
  Failure(sapdr_status status, std::string message);
  // Copies `error`; NULL is allowed.
  Failure(sapdr_status status, const sapdr_error* error);

  Failure&& hinted(std::string hint) &&;

  sapdr_status status() const noexcept { return status_; }
  const std::string& message() const noexcept { return message_; }
  // What to do; "" if there is nothing to add to the message.
  std::string hint() const;
  int retryable() const noexcept { return retryable_; }
  const std::vector<std::pair<std::string, std::string>>& details() const noexcept {
    return details_;
  }
  // Messages of the errors behind it, nearest first.
  const std::vector<std::string>& causes() const noexcept { return causes_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  sapdr_status status_;
  int retryable_ = SAPDR_RETRY_NEVER;
  std::string message_;
  std::string hint_;
  std::vector<std::pair<std::string, std::string>> details_;
  std::vector<std::string> causes_;
};

// The arguments do not make sense. Ends with the exit code of SAPDR_E_INVALID_ARGUMENT.
Failure usage_error(std::string message);

// A system call failed; `what` says which object ("cannot read /x"), `number` is errno.
Failure system_failure(const std::string& what, int number);

// Whatever is being handled, as a Failure. Only inside a catch block.
Failure current_failure();

// How `body` failed, if it did.
template <class Body>
std::optional<Failure> failure_of(Body&& body) {
  try {
    body();
    return std::nullopt;
  } catch (...) {
    return current_failure();
  }
}

// Runs `call(&error)` of the C ABI and says how it failed, if it did.
template <class Call>
std::optional<Failure> attempt(Call&& call) {
  sapdr_error* error = nullptr;
  const sapdr_status status = call(&error);
  const std::unique_ptr<sapdr_error, void (*)(sapdr_error*)> owner(error, sapdr_error_free);
  if (status == SAPDR_OK) return std::nullopt;
  return Failure(status, error);
}

// The same, but throws the failure.
template <class Call>
void require(Call&& call) {
  if (auto failure = attempt(std::forward<Call>(call))) throw std::move(*failure);
}

// Exceptions must not unwind through the C ABI: a callback runs its body in here, and what it threw
// is thrown again once the call is back.
class Parked {
 public:
  // False if `body` threw, now or in an earlier run.
  template <class Body>
  bool run(Body&& body) noexcept {
    if (thrown_) return false;
    try {
      body();
    } catch (...) {
      thrown_ = std::current_exception();
    }
    return !thrown_;
  }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  std::exception_ptr thrown_;
};

}  // namespace sapdr::shell
