// Doctor: what protects the data of a repository in its storage, and what endangers it.
#pragma once

#include <string>
#include <vector>

#include "storage/backend.hpp"
#include "storage/facts.hpp"

namespace sapdr::core {

enum class Severity : int32_t { ok = 0, note = 1, warning = 2, danger = 3, unknown = 4 };

const char* to_string(Severity severity);

struct Finding {
  Severity severity;
  const char* code;  // what it is about, for programs; docs/JSON.md lists them
  std::string object;
  std::string message;  // one line: what it means, and what to do
};

using Findings = std::vector<Finding>;

// What the credential is for: the same right may be needed or too much.
enum class Duty : int32_t { backup = 0, restore = 1, prune = 2 };

// Asks the storage and judges what it says. Changes nothing. Throws what keeps it from asking.
Findings diagnose(Backend& storage, Duty duty);

// What the facts mean. `object` names the storage, `now` is the time of this machine.
Findings judge(const StorageFacts& facts, Duty duty, const std::string& object, UnixNs now);

// Throws Code::unsafe if there is a danger, and names the first one.
void require_safe(const Findings& findings);

}  // namespace sapdr::core
