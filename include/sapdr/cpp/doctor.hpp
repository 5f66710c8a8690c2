/* Doctor: what protects the data of a repository where it is stored, and what endangers it. */
#pragma once

#include <sapdr/doctor.h>

#include <sapdr/cpp/backend.hpp>
#include <string>
#include <vector>

namespace sapdr {

/* The fields mean what they mean in sapdr_doctor_options. */
struct doctor_options {
  int32_t duty = SAPDR_DUTY_BACKUP;
  bool must_be_safe = false; /* a danger is an error, SAPDR_E_UNSAFE */
  const cancel_source* cancel = nullptr;
};

struct finding {
  int32_t severity = SAPDR_SEVERITY_UNKNOWN;
  std::string code;    /* "soft-delete": docs/JSON.md has all */
  std::string object;  /* account, container or folder */
  std::string message; /* one line: what it means, and what to do */
};

/* Asks the storage and judges what it says; changes nothing. */
inline std::vector<finding> doctor(const backend& storage, const doctor_options& options = {}) {
  auto c = detail::initialized<sapdr_doctor_options>();
  c.duty = options.duty;
  c.cancel = detail::c_cancel(options.cancel);
  detail::error_out err;
  sapdr_finding_list* out = nullptr;
  err.check(sapdr_doctor_run(&out, storage.get(), &c, err));
  const detail::handle<sapdr_finding_list, sapdr_finding_list_free> list(out);
  if (options.must_be_safe) err.check(sapdr_finding_list_verify(out, err));
  std::vector<finding> findings;
  for (std::size_t i = 0; i < sapdr_finding_list_size(out); ++i) {
    const sapdr_finding& each = *sapdr_finding_list_at(out, i);
    findings.push_back({each.severity, each.code, each.object, each.message});
  }
  return findings;
}

}  // namespace sapdr
