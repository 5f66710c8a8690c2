#include "operation/doctor.hpp"

#include <sapdr/doctor.h>

#include "capi/run.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

// With the structs that lend its strings.
struct sapdr_finding_list {
  explicit sapdr_finding_list(core::Findings found) : findings(std::move(found)) {
    for (const core::Finding& each : findings) {
      told.push_back({sizeof(sapdr_finding), static_cast<int32_t>(each.severity), each.code,
                      each.object.c_str(), each.message.c_str()});
    }
  }

  const core::Findings findings;
  std::vector<sapdr_finding> told;
};

sapdr_status sapdr_doctor_run(sapdr_finding_list** out, sapdr_backend* backend,
                              const sapdr_doctor_options* options, sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::BackendPtr& storage = capi::use(backend);
    const sapdr_doctor_options given = capi::read_options(options, "options");
    const auto duty = capi::read_choice<core::Duty>(given.duty, SAPDR_DUTY_PRUNE, "duty");
    return capi::at_pace(*backend->context, [&] {
      capi::RunProgress progress(nullptr, given.cancel);
      progress.checkpoint();
      return std::make_unique<sapdr_finding_list>(core::diagnose(*storage, duty));
    });
  });
}

size_t sapdr_finding_list_size(const sapdr_finding_list* list) {
  return list == nullptr ? 0 : list->told.size();
}

const sapdr_finding* sapdr_finding_list_at(const sapdr_finding_list* list, size_t at) {
  return list == nullptr || at >= list->told.size() ? nullptr : &list->told[at];
}

sapdr_status sapdr_finding_list_verify(const sapdr_finding_list* list, sapdr_error** err) {
  return capi::guard(err, [&] { core::require_safe(capi::require(list, "list").findings); });
}

void sapdr_finding_list_free(sapdr_finding_list* list) {
  delete list;
}

const char* sapdr_severity_name(int32_t severity) {
  return core::to_string(core::Severity{severity});
}
