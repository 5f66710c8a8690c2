// Caches: what needs no repository. Each call has a session of its own.
#include <pybind11/chrono.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <sapdr/sapdr.hpp>
#include <string>
#include <vector>

#include "bind.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

template <class Call>
py::list caches(Call call) {
  session own(opened_backend::none());
  const call_cancel cancel(nullptr);
  py::list all;
  for (const sapdr::cache& each : own.run_alone(cancel, call)) all.append(to_python(each));
  return all;
}

py::list cache_list(const std::string& folder) {
  return caches([&](const sapdr::context& context) { return sapdr::cache_list(context, folder); });
}

py::list cache_remove(const std::string& folder, std::chrono::nanoseconds max_age) {
  return caches(
      [&](const sapdr::context& context) { return sapdr::cache_remove(context, folder, max_age); });
}

}  // namespace

void bind_cache(py::module_& module) {
  using py::arg;
  module.def("cache_list", &cache_list, arg("folder"));
  module.def("cache_remove", &cache_remove, arg("folder"), arg("max_age"));
}

}  // namespace sapdr_python
