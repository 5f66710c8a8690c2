// The parts of the module.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

namespace sapdr_python {

class session;
using repository_class = pybind11::class_<session, std::shared_ptr<session>>;

void bind_backend(pybind11::module_& module);
void bind_cache(pybind11::module_& module);
void bind_checksum(pybind11::module_& module);
void bind_doctor(pybind11::module_& module);
void bind_file(pybind11::module_& module);
void bind_mongodb(pybind11::module_& module, repository_class& repository);
void bind_options(pybind11::module_& module);
void bind_plans(pybind11::module_& module);
void bind_repair(repository_class& repository);
void bind_repository(pybind11::module_& module);
void bind_walk(pybind11::module_& module);

}  // namespace sapdr_python
