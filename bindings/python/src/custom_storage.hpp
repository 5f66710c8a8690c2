// Storage written in Python, as one of sapdr.hpp.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <sapdr/sapdr.hpp>
#include <string>

#include "kept_exceptions.hpp"

namespace sapdr_python {

namespace py = pybind11;

// Calls come from any thread, without the GIL. `adapter` is a _backend._Adapter; `owner` is what
// sessions look for in callback_mark.
std::unique_ptr<sapdr::storage> make_custom_storage(py::object adapter, std::string location,
                                                    uint32_t max_parallel, bool retry,
                                                    std::shared_ptr<kept_exceptions> kept,
                                                    const void* owner);

}  // namespace sapdr_python
