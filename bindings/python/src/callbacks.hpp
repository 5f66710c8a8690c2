// Python callables as the lambdas of sapdr.hpp. They borrow the session and, but for
// owning_reader_for, the callables: who makes them keeps both until the operation has ended.
// Nothing here touches a reference count without the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <functional>
#include <sapdr/sapdr.hpp>
#include <span>

#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

// None stands for no callback.
sapdr::observer observer_for(const session& owner, py::handle on_progress, py::handle on_item);

// `tell(value)`, for values that to_python() knows.
template <class Told>
std::function<void(const Told&)> teller_for(const session& owner, py::handle tell) {
  return [&owner, tell](const Told& told) {
    const callback_scope scope(owner);
    tell(to_python(told));
  };
}

// `readinto(memoryview) -> int`, as io.RawIOBase has it.
std::function<std::size_t(std::span<std::byte>)> reader_for(const session& owner,
                                                            py::handle readinto);

// The same, but the callable is freed with the last copy.
std::function<std::size_t(std::span<std::byte>)> owning_reader_for(const session& owner,
                                                                   py::object readinto);

// `write(bytes)`.
std::function<void(std::span<const std::byte>)> writer_for(const session& owner, py::handle write);

}  // namespace sapdr_python
