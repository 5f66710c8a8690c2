// What a call throws, as a value.
#pragma once

#include "base/error.hpp"

namespace sapdr::test {

// The error that a call throws; one with Code::ok if it returns.
template <class Call>
core::Error error_of(Call call) {
  try {
    call();
  } catch (const core::Error& error) {
    return error;
  }
  return core::Error(core::Code::ok, "it threw nothing");
}

// Its code.
template <class Call>
core::Code code_of(Call call) {
  return error_of(call).code();
}

}  // namespace sapdr::test
