// Doctor: what the storage says of itself, judged.
#include <pybind11/pybind11.h>

#include <memory>
#include <sapdr/sapdr.hpp>

#include "backend.hpp"
#include "bind.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

py::list doctor(const std::shared_ptr<opened_backend>& backend, int32_t duty, bool must_be_safe,
                const given_cancel& given) {
  session own(backend);
  const call_cancel cancel(given);
  const sapdr::doctor_options options{
      .duty = duty, .must_be_safe = must_be_safe, .cancel = cancel.get()};
  py::list all;
  for (const sapdr::finding& each : own.run_alone(cancel, [&](const sapdr::context&) {
         return sapdr::doctor(backend->storage(), options);
       })) {
    all.append(to_python(each));
  }
  return all;
}

}  // namespace

void bind_doctor(py::module_& module) {
  using py::arg;
  module.def("doctor", &doctor, arg("backend"), arg("duty"), arg("must_be_safe"), arg("cancel"));
}

}  // namespace sapdr_python
