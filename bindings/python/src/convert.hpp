// What the library tells, as the classes of sapdr._types. All with the GIL held.
#pragma once

#include <pybind11/pybind11.h>

#include <sapdr/sapdr.hpp>
#include <string_view>

namespace sapdr_python {

namespace py = pybind11;

// Text that is UTF-8 unless something is odd; odd bytes survive as surrogates.
py::str text(std::string_view bytes);
// A path, as os.fsdecode makes it.
py::str path_text(std::string_view bytes);

py::object to_python(const sapdr::progress& progress);
py::object to_python(const sapdr::item& item);
py::object to_python(const sapdr::snapshot_view& snapshot);
py::object to_python(const sapdr::node& node);
py::object to_python(const sapdr::key& key);
py::object to_python(const sapdr::cache& cache);
py::object to_python(const sapdr::finding& finding);
py::object to_python(const sapdr::backup_result& result);
py::object to_python(const sapdr::mongodb_backup_result& result);
py::object to_python(const sapdr::mongodb_range& range);
py::object to_python(const sapdr::restore_stats& result);
py::object to_python(const sapdr::warm_up_result& result);
py::object to_python(const sapdr::forget_decision& decision);
py::object to_python(const sapdr::prune_stats& result);
py::object to_python(const sapdr::check_result& result);
py::object to_python(const sapdr::repair_index_result& result);
py::object to_python(const sapdr::repair_packs_result& result);
py::object to_python(const sapdr::repair_snapshots_result& result);
py::object to_python(const sapdr::verify_result& result);
py::object to_python(const sapdr::stats_result& result);
py::object to_python(const sapdr::file_checksum& file);
py::object to_python(const sapdr::checksum_result& result);
py::object to_python(const sapdr::manifest_verify_result& result);
py::object forget_result(uint64_t removed);
py::object to_python(const sapdr::copy_result& result);
py::object to_python(const sapdr::tag_result& result);
py::object to_python(const sapdr::difference& difference);
py::object to_python(const sapdr::diff_result& result);
py::object to_python(const sapdr::match& match);
py::object to_python(const sapdr::find_result& result);

}  // namespace sapdr_python
