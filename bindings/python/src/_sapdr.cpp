// The module sapdr._sapdr: what the package `sapdr` is made of. Private; names, checks of
// arguments, documentation and types are in the package.
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <iterator>
#include <sapdr/sapdr.hpp>
#include <utility>

#include "bind.hpp"
#include "errors.hpp"
#include "running.hpp"

namespace py = pybind11;

namespace {

// (name, value, exit code, text) of every status.
py::tuple status_table() {
#define ROW(name, value, exit_code, text) py::make_tuple(#name, value, exit_code, text),
  const py::tuple rows[] = {SAPDR_STATUS_TABLE(ROW)};
#undef ROW
  py::tuple table(std::size(rows));
  for (std::size_t i = 0; i < std::size(rows); ++i) table[i] = rows[i];
  return table;
}

// The names that Python gives the values of an enumeration.
py::dict numbers(std::initializer_list<std::pair<const char*, int>> values) {
  py::dict named;
  for (const auto& [name, value] : values) named[name] = value;
  return named;
}

}  // namespace

PYBIND11_MODULE(_sapdr, module) {
  module.attr("__version__") = sapdr::version();
  module.attr("STATUS_TABLE") = status_table();
  module.attr("COMPRESSION") = numbers({{"auto", SAPDR_COMPRESSION_AUTO},
                                        {"off", SAPDR_COMPRESSION_OFF},
                                        {"fastest", SAPDR_COMPRESSION_FASTEST},
                                        {"better", SAPDR_COMPRESSION_BETTER},
                                        {"max", SAPDR_COMPRESSION_MAX}});
  module.attr("CHUNKER") =
      numbers({{"auto", SAPDR_CHUNKER_AUTO}, {"restic", SAPDR_CHUNKER_RESTIC}});
  module.attr("IO_CLASS") =
      numbers({{"best-effort", SAPDR_IO_BEST_EFFORT}, {"idle", SAPDR_IO_IDLE}});
  module.attr("CODEC") = numbers({{"zstd", SAPDR_CODEC_ZSTD}, {"tensor", SAPDR_CODEC_TENSOR}});
  module.attr("OVERWRITE") = numbers({{"if-changed", SAPDR_OVERWRITE_IF_CHANGED},
                                      {"always", SAPDR_OVERWRITE_ALWAYS},
                                      {"if-newer", SAPDR_OVERWRITE_IF_NEWER},
                                      {"never", SAPDR_OVERWRITE_NEVER}});
  module.attr("AZURE_TIER") = numbers({{"account", SAPDR_AZURE_TIER_OF_ACCOUNT},
                                       {"hot", SAPDR_AZURE_TIER_HOT},
                                       {"cool", SAPDR_AZURE_TIER_COOL},
                                       {"cold", SAPDR_AZURE_TIER_COLD},
                                       {"archive", SAPDR_AZURE_TIER_ARCHIVE}});
  module.attr("AZURE_SECONDARY") = numbers({{"never", SAPDR_AZURE_SECONDARY_NEVER},
                                            {"after-failure", SAPDR_AZURE_SECONDARY_AFTER_FAILURE},
                                            {"only", SAPDR_AZURE_SECONDARY_ONLY}});
  module.attr("AZURE_IDENTITY") =
      numbers({{"automatic", SAPDR_AZURE_IDENTITY_AUTOMATIC},
               {"client-secret", SAPDR_AZURE_IDENTITY_CLIENT_SECRET},
               {"client-certificate", SAPDR_AZURE_IDENTITY_CLIENT_CERTIFICATE},
               {"workload", SAPDR_AZURE_IDENTITY_WORKLOAD},
               {"managed", SAPDR_AZURE_IDENTITY_MANAGED},
               {"cli", SAPDR_AZURE_IDENTITY_CLI}});
  module.attr("CALLS") = numbers({{"create", SAPDR_CALL_CREATE},
                                  {"exists", SAPDR_CALL_EXISTS},
                                  {"size", SAPDR_CALL_SIZE},
                                  {"load", SAPDR_CALL_LOAD},
                                  {"save", SAPDR_CALL_SAVE},
                                  {"list", SAPDR_CALL_LIST},
                                  {"erase", SAPDR_CALL_ERASE}});
  module.attr("DUTY") = numbers({{"backup", SAPDR_DUTY_BACKUP},
                                 {"restore", SAPDR_DUTY_RESTORE},
                                 {"prune", SAPDR_DUTY_PRUNE}});
  module.attr("GROUP_BY") = numbers({{"host", SAPDR_GROUP_BY_HOST},
                                     {"paths", SAPDR_GROUP_BY_PATHS},
                                     {"tags", SAPDR_GROUP_BY_TAGS},
                                     {"nothing", SAPDR_GROUP_BY_NOTHING}});
  module.attr("KEEP_UNLIMITED") = SAPDR_KEEP_UNLIMITED;

  sapdr_python::register_errors();
  py::class_<sapdr::cancel_source, sapdr_python::given_cancel>(module, "Cancel")
      .def(py::init<>())
      .def("trigger", &sapdr::cancel_source::trigger)
      .def_property_readonly("triggered", &sapdr::cancel_source::is_triggered);
  sapdr_python::bind_backend(module);
  sapdr_python::bind_options(module);
  sapdr_python::bind_cache(module);
  sapdr_python::bind_checksum(module);
  sapdr_python::bind_doctor(module);
  sapdr_python::bind_repository(module);
  sapdr_python::bind_file(module);
  sapdr_python::bind_plans(module);
  sapdr_python::bind_walk(module);

  py::module_::import("atexit").attr("register")(
      py::cpp_function([] { sapdr_python::running_calls::instance().shut_down(); }));
}
