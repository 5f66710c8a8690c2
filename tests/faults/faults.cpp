#include "faults.h"

#include <atomic>

namespace {

struct fault armed;  // written while nothing is armed
std::atomic<bool> is_armed{false};
std::atomic<uint64_t> counted{0};
std::atomic<const char*> first_hit{nullptr};

}  // namespace

void fault_arm(const struct fault* fault) {
  armed = *fault;
  counted = 0;
  first_hit = nullptr;
  is_armed = true;
}

uint64_t fault_disarm() {
  is_armed = false;
  return counted;
}

const char* fault_hit() {
  return first_hit;
}

int fault_is_due(uint32_t calls, const char* name, int* error) {
  if (!is_armed.load(std::memory_order_acquire) || (calls & armed.calls) == 0) return 0;
  const uint64_t nth = ++counted;
  if (armed.nth == 0 || nth < armed.nth || nth - armed.nth >= armed.number) return 0;
  const char* none = nullptr;
  first_hit.compare_exchange_strong(none, name);
  *error = armed.error;
  return 1;
}
