#include <sapdr/error.h>

#include <new>

#include "capi/guard.hpp"

namespace sapdr::capi {

namespace {

// Made when the library is loaded, because it is needed when nothing can be made any more. Never
// freed.
sapdr_error out_of_memory{Error(Code::no_memory, "memory ran out")};

void tell(sapdr_error** err, const Error& error) noexcept {
  if (err == nullptr) return;
  try {
    *err = new sapdr_error(error);
  } catch (...) {
    *err = &out_of_memory;
  }
}

sapdr_status failure_code(sapdr_status status) {
#define SAPDR_CASE_(name, value, exit_code, text) case value:
  switch (status) {
    SAPDR_STATUS_TABLE(SAPDR_CASE_)
    return status == SAPDR_OK ? SAPDR_E_CALLBACK : status;
    default:
      return SAPDR_E_CALLBACK;
  }
#undef SAPDR_CASE_
}

std::unique_ptr<const sapdr_error> cause_of(const Error& error) {
  if (error.cause() == nullptr) return nullptr;
  return std::make_unique<const sapdr_error>(*error.cause());
}

}  // namespace

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
  if (owned == nullptr) return Error(code, "the callback " + what + " reported a failure");
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
  try {
    return new sapdr_error(
        core::Error(core::Code{capi::failure_code(code)}, message == nullptr ? "" : message));
  } catch (...) {
    return &capi::out_of_memory;
  }
}

void sapdr_error_free(sapdr_error* error) {
  if (error != &capi::out_of_memory) delete error;
}
