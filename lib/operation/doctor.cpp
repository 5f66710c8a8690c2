#include "operation/doctor.hpp"

#include <algorithm>
#include <cstdlib>

#include "operation/doctor_parts.hpp"

namespace sapdr::core {

namespace {

constexpr int64_t ns_per_second = 1'000'000'000;
constexpr int64_t noticeable_skew = 60;  // seconds
constexpr int64_t dangerous_skew = 900;  // from then on Azure refuses signatures

// Locks count as stale by age, and what is kept is decided by times: clocks have to agree.
void judge_clock(int64_t ahead_ns, const std::string& object, Findings& findings) {
  const int64_t seconds = std::abs(ahead_ns / ns_per_second);
  if (seconds < noticeable_skew) {
    findings.push_back({Severity::ok, "clock", object,
                        "the clock of this machine agrees with that of the storage"});
    return;
  }
  findings.push_back(
      {seconds < dangerous_skew ? Severity::warning : Severity::danger, "clock", object,
       "the clock of this machine is " + std::to_string(seconds) + " s " +
           (ahead_ns > 0 ? "ahead of" : "behind") +
           " that of the storage: set it right, as locks and signatures rely on it"});
}

}  // namespace

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return "ok";
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::danger:
      return "danger";
    case Severity::unknown:
      break;
  }
  return "unknown";
}

Findings judge(const StorageFacts& facts, Duty duty, const std::string& object, UnixNs now) {
  Findings findings;
  if (facts.account) judge_account(*facts.account, duty, now, findings);
  if (facts.folder) judge_folder(*facts.folder, duty, object, findings);
  if (!facts.account && !facts.folder) {
    findings.push_back({Severity::unknown, "storage", object,
                        "this kind of storage cannot be asked what protects its data"});
  }
  if (facts.clock_ahead) judge_clock(*facts.clock_ahead, object, findings);
  return findings;
}

Findings diagnose(Backend& storage, Duty duty) {
  return judge(storage.facts(), duty, storage.location(), now_ns());
}

void require_safe(const Findings& findings) {
  const auto danger = std::ranges::find(findings, Severity::danger, &Finding::severity);
  if (danger == findings.end()) return;
  throw Error(Code::unsafe, danger->object + ": " + danger->message).with("finding", danger->code);
}

}  // namespace sapdr::core
