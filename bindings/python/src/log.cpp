#include "log.hpp"

#include <pybind11/pybind11.h>

#include <utility>

namespace sapdr_python {

namespace py = pybind11;

namespace {

int python_level(int32_t level) {
  switch (level) {
    case SAPDR_LOG_ERROR:
      return 40;
    case SAPDR_LOG_WARNING:
      return 30;
    case SAPDR_LOG_INFO:
      return 20;
    default:
      return 10;
  }
}

py::object logger(const std::string& name) {
  return py::module_::import("logging").attr("getLogger")(name);
}

}  // namespace

void log_queue::push(const sapdr::log_record& told) {
  const std::lock_guard lock(mutex_);
  if (records_.size() == capacity) {
    ++dropped_;
    return;
  }
  records_.push_back({told.level, std::string(told.component), std::string(told.message)});
}

void log_queue::drain() {
  std::vector<record> records;
  uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    records.swap(records_);
    dropped = std::exchange(dropped_, 0);
  }
  try {
    for (const record& each : records)
      logger("sapdr." + each.component).attr("log")(python_level(each.level), "%s", each.message);
    if (dropped != 0) logger("sapdr").attr("warning")("%d log records were dropped", dropped);
  } catch (py::error_already_set& thrown) {
    thrown.discard_as_unraisable("sapdr: a log record");
  }
}

int32_t log_level() {
  const int level = logger("sapdr").attr("getEffectiveLevel")().cast<int>();
  if (level <= 10) return SAPDR_LOG_DEBUG;
  if (level <= 20) return SAPDR_LOG_INFO;
  if (level <= 30) return SAPDR_LOG_WARNING;
  return SAPDR_LOG_ERROR;
}

}  // namespace sapdr_python
