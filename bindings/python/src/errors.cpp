#include "errors.hpp"

#include <pybind11/pybind11.h>

#include <exception>
#include <sapdr/sapdr.hpp>

#include "convert.hpp"

namespace sapdr_python {

namespace {

// The details that errors of the library may have.
constexpr const char* detail_keys[] = {"path", "pattern", "errno", "backend", "key",     "lock",
                                       "pack", "blob",    "tree",  "index",   "snapshot"};

py::object exception_for(const sapdr::error& error, const py::object& result) {
  py::dict details;
  for (const char* key : detail_keys)
    if (const auto value = error.detail(key)) details[key] = text(*value);
  const auto cause = error.cause();
  return py::module_::import("sapdr._errors")
      .attr("from_status")(error.code(), text(error.what()), error.retryable(), details, result,
                           cause ? exception_for(*cause, py::none()) : py::none());
}

void raise(const sapdr::error& error, const py::object& result) {
  const py::object exception = exception_for(error, result);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

template <class Result>
void raise(const sapdr::run_error<Result>& error) {
  raise(error, to_python(error.result()));
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const sapdr::backup_error& error) {
    raise(error);
  } catch (const sapdr::restore_error& error) {
    raise(error);
  } catch (const sapdr::forget_error& error) {
    raise(error, forget_result(error.result()));
  } catch (const sapdr::prune_error& error) {
    raise(error);
  } catch (const sapdr::check_error& error) {
    raise(error);
  } catch (const sapdr::verify_error& error) {
    raise(error);
  } catch (const sapdr::checksum_error& error) {
    raise(error);
  } catch (const sapdr::manifest_verify_error& error) {
    raise(error);
  } catch (const sapdr::copy_error& error) {
    raise(error);
  } catch (const sapdr::tag_error& error) {
    raise(error);
  } catch (const sapdr::diff_error& error) {
    raise(error);
  } catch (const sapdr::find_error& error) {
    raise(error);
  } catch (const sapdr::error& error) {
    raise(error, py::none());
  }
}

}  // namespace

void register_errors() {
  py::register_local_exception_translator(translate);
}

}  // namespace sapdr_python
