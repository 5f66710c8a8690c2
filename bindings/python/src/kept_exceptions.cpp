#include "kept_exceptions.hpp"

#include <algorithm>
#include <tuple>

namespace sapdr_python {

namespace {
constexpr const char* detail_key = "python_exception";
uint64_t last_number = 0;  // of all that were ever kept
}  // namespace

sapdr::error kept_exceptions::keep(const py::error_already_set& raised) {
  const py::object& thrown = raised.value();
  if (raised.trace()) PyException_SetTraceback(thrown.ptr(), raised.trace().ptr());
  const auto [code, message, retryable] =
      py::module_::import("sapdr._backend")
          .attr("failure")(thrown)
          .cast<std::tuple<sapdr_status, std::string, int32_t>>();
  kept_.emplace_back(std::to_string(++last_number), thrown);
  if (kept_.size() > capacity) kept_.pop_front();
  return sapdr::error(code, message,
                      {.retryable = retryable, .details = {{detail_key, kept_.back().first}}});
}

py::object kept_exceptions::find(const sapdr::error& error) const {
  const auto number = error.detail(detail_key);
  if (!number) return py::none();
  py::object found = find(std::string(*number));
  return found.is_none() && other_ != nullptr ? other_->find(std::string(*number)) : found;
}

py::object kept_exceptions::find(const std::string& number) const {
  const auto at = std::find_if(kept_.begin(), kept_.end(),
                               [&](const auto& each) { return each.first == number; });
  return at == kept_.end() ? py::object(py::none()) : at->second;
}

}  // namespace sapdr_python
