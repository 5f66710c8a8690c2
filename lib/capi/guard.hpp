// What every export is wrapped in: nothing unwinds across the ABI, and no argument is trusted.
#pragma once

#include <sapdr/error.h>

#include <memory>
#include <string>
#include <utility>

#include "base/error.hpp"

// An error as the ABI shows it, its causes included. Immutable.
struct sapdr_error {
  explicit sapdr_error(sapdr::core::Error from);

  const sapdr::core::Error error;
  const std::unique_ptr<const sapdr_error> cause;
};

namespace sapdr::capi {

using core::Code;
using core::Error;

// In a catch block: the status of what was thrown and, where `err` is not NULL, an error object.
sapdr_status report(sapdr_error** err) noexcept;

// Runs the body of an export.
template <class Body>
sapdr_status guard(sapdr_error** err, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return SAPDR_OK;
  } catch (...) {
    return report(err);
  }
}

// The argument `name`, which must not be NULL.
template <class T>
T& require(T* argument, const char* name) {
  if (argument == nullptr) {
    throw Error(Code::invalid_argument,
                std::string("the argument \"") + name + "\" is NULL; it must be given");
  }
  return *argument;
}

// Runs the body of an export that makes an object: `make` returns a std::unique_ptr to it. `*out`
// is NULL unless all went well.
template <class T, class Make>
sapdr_status guard_new(T** out, sapdr_error** err, Make&& make) noexcept {
  return guard(err, [&] {
    require(out, "out") = nullptr;
    *out = std::forward<Make>(make)().release();
  });
}

// Whether a status is a failure of the table in status.h.
bool is_failure(sapdr_status status) noexcept;

// What a callback of the caller failed with: its status and `given`, which may be NULL and is taken
// over. A status that is no failure of the table becomes SAPDR_E_CALLBACK.
Error callback_error(sapdr_status status, sapdr_error* given, const std::string& what);

}  // namespace sapdr::capi
