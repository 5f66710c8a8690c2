// The parts of the module.
#pragma once

#include <pybind11/pybind11.h>

namespace sapdr_python {

void bind_file(pybind11::module_& module);
void bind_options(pybind11::module_& module);
void bind_repository(pybind11::module_& module);
void bind_restore_plan(pybind11::module_& module);
void bind_walk(pybind11::module_& module);

}  // namespace sapdr_python
