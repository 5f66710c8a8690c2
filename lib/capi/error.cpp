#include <sapdr/error.h>

#include <new>

#include "capi/guard.hpp"
#include "capi/options.hpp"

namespace sapdr::capi {

namespace {

// Made when the library is loaded, because it is needed when nothing can be made any more. Never
// freed.
sapdr_error out_of_memory{core::out_of_memory()};

void tell(sapdr_error** err, const Error& error) noexcept {
  if (err == nullptr) return;
  try {
    *err = new sapdr_error(error);
  } catch (...) {
    *err = &out_of_memory;
  }
}

sapdr_status failure_code(sapdr_status status) {
  return is_failure(status) ? status : SAPDR_E_CALLBACK;
}

// Of what says no more than a status.
core::Retry retry_of(Code code) {
  return code == Code::network || code == Code::timeout ? core::Retry::maybe : core::Retry::never;
}

const char* text_of(const char* message) {
  return message == nullptr ? "" : message;
}

// A new object of `make()`; memory for it may be out.
template <class Make>
sapdr_error* new_error(Make make) noexcept {
  try {
    return new sapdr_error(make());
  } catch (...) {
    return &out_of_memory;
  }
}

Error read_error(Code code, const char* message, const sapdr_error_options* options) {
  if (options == nullptr) return Error(code, text_of(message), retry_of(code));
  const sapdr_error_options given = read_options(options, "options");
  Error error(code, text_of(message),
              read_choice<core::Retry>(given.retryable, SAPDR_RETRY_YES, "retryable"));
  const auto details = read_strings(given.details, 2 * given.n_details, "details");
  for (size_t i = 0; i < details.size(); i += 2) {
    static_cast<void>(std::move(error).with(details[i], details[i + 1]));
  }
  if (given.cause != nullptr) static_cast<void>(std::move(error).because(given.cause->error));
  return error;
}

std::unique_ptr<const sapdr_error> cause_of(const Error& error) {
  if (error.cause() == nullptr) return nullptr;
  return std::make_unique<const sapdr_error>(*error.cause());
}

}  // namespace

bool is_failure(sapdr_status status) noexcept {
#define SAPDR_CASE_(name, value, exit_code, text) case value:
  switch (status) {
    SAPDR_STATUS_TABLE(SAPDR_CASE_)
    return status != SAPDR_OK;
    default:
      return false;
  }
#undef SAPDR_CASE_
}

sapdr_status report(sapdr_error** err) noexcept {
  try {
    throw;
  } catch (const Error& error) {
    tell(err, error);
    return static_cast<sapdr_status>(error.code());
  } catch (const std::bad_alloc&) {
    if (err != nullptr) *err = &out_of_memory;
    return SAPDR_E_NO_MEMORY;
  } catch (const std::exception& error) {
    if (err != nullptr) *err = sapdr_error_new(SAPDR_E_INTERNAL, error.what());
    return SAPDR_E_INTERNAL;
  } catch (...) {
    if (err != nullptr) {
      *err = sapdr_error_new(SAPDR_E_INTERNAL, "an exception of an unknown type was thrown");
    }
    return SAPDR_E_INTERNAL;
  }
}

Error callback_error(sapdr_status status, sapdr_error* given, const std::string& what) {
  const std::unique_ptr<sapdr_error, decltype(&sapdr_error_free)> owned(given, sapdr_error_free);
  const Code code{failure_code(status)};
  if (owned == nullptr) {
    return Error(code, "the callback " + what + " reported a failure", retry_of(code));
  }
  if (owned->error.code() == code) return owned->error;
  return Error(code, owned->error.message(), owned->error.retry()).because(owned->error);
}

}  // namespace sapdr::capi

namespace capi = sapdr::capi;
namespace core = sapdr::core;

sapdr_error::sapdr_error(core::Error from) : error(std::move(from)), cause(capi::cause_of(error)) {}

sapdr_status sapdr_error_code(const sapdr_error* error) {
  return error == nullptr ? SAPDR_OK : static_cast<sapdr_status>(error->error.code());
}

const char* sapdr_error_message(const sapdr_error* error) {
  return error == nullptr ? "" : error->error.what();
}

int32_t sapdr_error_retryable(const sapdr_error* error) {
  return error == nullptr ? SAPDR_RETRY_NEVER : static_cast<int32_t>(error->error.retry());
}

const char* sapdr_error_detail(const sapdr_error* error, const char* key) {
  if (error == nullptr || key == nullptr) return nullptr;
  const std::string* value = error->error.detail(key);
  return value == nullptr ? nullptr : value->c_str();
}

const sapdr_error* sapdr_error_cause(const sapdr_error* error) {
  return error == nullptr ? nullptr : error->cause.get();
}

sapdr_error* sapdr_error_new(sapdr_status code, const char* message) {
  return sapdr_error_new_with(code, message, nullptr);
}

sapdr_error* sapdr_error_new_with(sapdr_status code, const char* message,
                                  const sapdr_error_options* options) {
  return capi::new_error([&] {
    try {
      return capi::read_error(core::Code{capi::failure_code(code)}, message, options);
    } catch (const core::Error& wrong) {
      return wrong;
    }
  });
}

sapdr_error* sapdr_error_copy(const sapdr_error* error) {
  if (error == nullptr || error == &capi::out_of_memory) return const_cast<sapdr_error*>(error);
  return capi::new_error([&] { return error->error; });
}

void sapdr_error_free(sapdr_error* error) {
  if (error != &capi::out_of_memory) delete error;
}
