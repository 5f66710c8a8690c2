// sapdr::error becomes an exception of sapdr._errors.
#pragma once

#include <pybind11/pybind11.h>

#include <sapdr/sapdr.hpp>

#include "kept_exceptions.hpp"

namespace sapdr_python {

// Call once, while the module is made.
void register_errors();

// In a catch block, with the GIL held: throws the exception that an error of the library stands
// for, with exceptions of Python among its causes.
[[noreturn]] void throw_translated(const kept_exceptions& kept);

// Calls what may fail with an error of the library; the GIL is held when it is caught.
template <class Call>
auto translated(const kept_exceptions& kept, Call&& call) {
  try {
    return call();
  } catch (const sapdr::error&) {
    throw_translated(kept);
  }
}

}  // namespace sapdr_python
