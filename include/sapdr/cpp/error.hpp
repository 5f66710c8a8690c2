/* Errors in C++: what the library reports becomes an exception, what a callback throws comes back.
 */
#pragma once

#include <sapdr/error.h>
#include <sapdr/version.h>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sapdr {

class error;

/* What else an error may say; the fields mean what they mean in sapdr_error_options. */
struct error_options {
  int32_t retryable = SAPDR_RETRY_NEVER;
  const error* cause = nullptr; /* copied */
  std::vector<std::pair<std::string, std::string>> details{};
};

/* A failed call. `what()` is one line that names the object and what to do. */
class error : public std::runtime_error {
 public:
  error(sapdr_status code, const std::string& message)
      : error(sapdr_error_new(code, message.c_str())) {}
  error(sapdr_status code, const std::string& message, const error_options& options)
      : error(make(code, message, options)) {}
  /* Takes over an error of the C ABI, which is not NULL. */
  explicit error(sapdr_error* owned) : error(std::shared_ptr<const sapdr_error>(owned, discard)) {}

  /* SAPDR_E_*, of the table in status.h. */
  sapdr_status code() const noexcept { return sapdr_error_code(error_.get()); }

  /* SAPDR_RETRY_*: whether the same call may succeed later without anything being changed. */
  int32_t retryable() const noexcept { return sapdr_error_retryable(error_.get()); }

  /* The value of a detail ("path", "pack", "errno", …), if the error has it. */
  std::optional<std::string> detail(const std::string& key) const {
    const char* value = sapdr_error_detail(error_.get(), key.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }

  /* The error that caused this one, if there is one. */
  std::optional<error> cause() const {
    const sapdr_error* cause = sapdr_error_cause(error_.get());
    if (cause == nullptr) return std::nullopt;
    return error(std::shared_ptr<const sapdr_error>(error_, cause));
  }

  /* An error of the C ABI that says the same; the caller owns it. */
  sapdr_error* copy() const noexcept { return sapdr_error_copy(error_.get()); }

 private:
  explicit error(std::shared_ptr<const sapdr_error> shared)
      : std::runtime_error(sapdr_error_message(shared.get())), error_(std::move(shared)) {}
  static void discard(const sapdr_error* owned) {
    sapdr_error_free(const_cast<sapdr_error*>(owned));
  }
  static sapdr_error* make(sapdr_status code, const std::string& message,
                           const error_options& options) {
    std::vector<const char*> details;
    for (const auto& [key, value] : options.details) {
      details.push_back(key.c_str());
      details.push_back(value.c_str());
    }
    sapdr_error_options c;
    SAPDR_INIT(&c);
    c.retryable = options.retryable;
    c.cause = options.cause == nullptr ? nullptr : options.cause->error_.get();
    c.details = details.data();
    c.n_details = options.details.size();
    return sapdr_error_new_with(code, message.c_str(), &c);
  }

  std::shared_ptr<const sapdr_error> error_;
};

/* A run that did not end well, with what it did as far as it got.
 *
 * Every status but SAPDR_OK throws, also SAPDR_E_INCOMPLETE, SAPDR_E_CORRUPT and
 * SAPDR_E_CHECKSUM, where a result exists as well: a backup that left something out must not pass
 * for a good one because its caller forgot to look at a status. */
template <class Result>
class run_error : public error {
 public:
  run_error(const error& why, const Result& result) : error(why), result_(result) {}
  const Result& result() const noexcept { return result_; }

 private:
  Result result_;
};

/* The version of the library that is loaded, "0.1.0". */
inline std::string version() {
  return sapdr_version_string();
}

namespace detail {

/* Receives the error of one C call, throws it if the call failed, and frees it in any case. */
class error_out {
 public:
  error_out() = default;
  error_out(const error_out&) = delete;
  error_out& operator=(const error_out&) = delete;
  ~error_out() { sapdr_error_free(error_); }

  operator sapdr_error**() noexcept { return &error_; }

  void check(sapdr_status status) {
    if (status != SAPDR_OK) throw take(status);
  }
  template <class Result>
  void check(sapdr_status status, const Result& result) {
    if (status != SAPDR_OK) throw run_error<Result>(take(status), result);
  }

 private:
  error take(sapdr_status status) {
    if (error_ == nullptr) return error(status, sapdr_status_text(status));
    return error(std::exchange(error_, nullptr));
  }

  sapdr_error* error_ = nullptr;
};

/* Keeps the first exception that a callback threw, so that it crosses the C frames between the
 * callback and the caller, and is thrown again behind them. Callbacks may run on any thread. */
class parked_exception {
 public:
  /* Calls `callback`; false if it threw. */
  template <class Callback>
  bool run(Callback&& callback) noexcept {
    try {
      std::forward<Callback>(callback)();
      return true;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!first_) first_ = std::current_exception();
      return false;
    }
  }

  void rethrow() {
    if (first_) std::rethrow_exception(std::exchange(first_, nullptr));
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

template <class T, void (*Free)(T*)>
struct deleter {
  void operator()(T* owned) const noexcept { Free(owned); }
};
template <class T, void (*Free)(T*)>
using handle = std::unique_ptr<T, deleter<T, Free>>;

template <class T>
T initialized() {
  T value;
  SAPDR_INIT(&value);
  return value;
}

/* A string as the C ABI takes it: a NUL inside would cut it short unseen. */
inline const char* c_string(const std::string& text) {
  if (text.find('\0') != std::string::npos)
    throw error(SAPDR_E_INVALID_ARGUMENT, "an argument contained a NUL byte");
  return text.c_str();
}
inline const char* c_string(const std::optional<std::string>& text) {
  return text ? c_string(*text) : nullptr;
}

/* Strings as the C ABI takes them; borrows them. */
class c_strings {
 public:
  explicit c_strings(const std::vector<std::string>& strings) {
    pointers_.reserve(strings.size());
    for (const std::string& each : strings) pointers_.push_back(c_string(each));
  }
  const char* const* data() const noexcept { return pointers_.data(); }
  std::size_t size() const noexcept { return pointers_.size(); }

 private:
  std::vector<const char*> pointers_;
};

/* A string of the C ABI that may be NULL. */
inline std::string_view view(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}
inline std::string_view view(const char* text, std::size_t size) {
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

}  // namespace detail
}  // namespace sapdr
