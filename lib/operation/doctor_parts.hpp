// The parts of the doctor's judgement. Each adds to `findings`.
#pragma once

#include "operation/doctor.hpp"

namespace sapdr::core {

void judge_account(const AccountFacts& facts, Duty duty, UnixNs now, Findings& findings);
void judge_folder(const FolderFacts& facts, Duty duty, const std::string& object,
                  Findings& findings);
// `account` has a lifecycle that is known.
void judge_lifecycle(const AccountFacts& account, Findings& findings);

}  // namespace sapdr::core
