#include "errors.hpp"

#include <exception>

#include "convert.hpp"

namespace sapdr_python {

namespace {

// The details that errors of the library may have.
constexpr const char* detail_keys[] = {"path",     "pattern", "errno",      "backend",  "key",
                                       "lock",     "pack",    "blob",       "tree",     "index",
                                       "snapshot", "hosts",   "oplog_time", "gap_from", "gap_to"};

py::object exception_for(const sapdr::error& error, const py::object& result,
                         const kept_exceptions& kept) {
  py::dict details;
  for (const char* key : detail_keys)
    if (const auto value = error.detail(key)) details[key] = text(*value);
  py::object cause = py::none();
  if (const auto why = error.cause()) {
    cause = kept.find(*why);
    if (cause.is_none()) cause = exception_for(*why, py::none(), kept);
  }
  // KeyboardInterrupt and SystemExit are for whoever called, whatever came of them on the way.
  if (!cause.is_none() && !py::isinstance(cause, py::handle(PyExc_Exception))) return cause;
  return py::module_::import("sapdr._errors")
      .attr("from_status")(error.code(), text(error.what()), error.retryable(), details, result,
                           cause);
}

void raise(const sapdr::error& error, const py::object& result, const kept_exceptions& kept) {
  const py::object exception = exception_for(error, result, kept);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

template <class Result>
void raise(const sapdr::run_error<Result>& error, const kept_exceptions& kept) {
  raise(error, to_python(error.result()), kept);
}

void raise(std::exception_ptr thrown, const kept_exceptions& kept) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const sapdr::backup_error& error) {
    raise(error, kept);
  } catch (const sapdr::mongodb_backup_error& error) {
    raise(error, kept);
  } catch (const sapdr::restore_error& error) {
    raise(error, kept);
  } catch (const sapdr::forget_error& error) {
    raise(error, forget_result(error.result()), kept);
  } catch (const sapdr::prune_error& error) {
    raise(error, kept);
  } catch (const sapdr::check_error& error) {
    raise(error, kept);
  } catch (const sapdr::verify_error& error) {
    raise(error, kept);
  } catch (const sapdr::checksum_error& error) {
    raise(error, kept);
  } catch (const sapdr::manifest_verify_error& error) {
    raise(error, kept);
  } catch (const sapdr::copy_error& error) {
    raise(error, kept);
  } catch (const sapdr::tag_error& error) {
    raise(error, kept);
  } catch (const sapdr::diff_error& error) {
    raise(error, kept);
  } catch (const sapdr::find_error& error) {
    raise(error, kept);
  } catch (const sapdr::error& error) {
    raise(error, py::none(), kept);
  }
}

}  // namespace

void register_errors() {
  py::register_local_exception_translator(
      [](std::exception_ptr thrown) { raise(std::move(thrown), {}); });
}

void throw_translated(const kept_exceptions& kept) {
  raise(std::current_exception(), kept);
  throw py::error_already_set();
}

}  // namespace sapdr_python
