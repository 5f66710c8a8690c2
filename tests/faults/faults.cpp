#include "faults.h"

#include <atomic>
#include <utility>

namespace {

struct fault armed;  // written while nothing is armed
std::atomic<bool> is_armed{false};
std::atomic<uint64_t> counted{0};
std::atomic<const char*> first_hit{nullptr};
thread_local int is_thread_ours = 0;

}  // namespace

void fault_arm(const struct fault* fault) {
  armed = *fault;
  counted = 0;
  first_hit = nullptr;
  fault_set_ours(1);
  is_armed = true;
}

uint64_t fault_disarm() {
  is_armed = false;
  return counted;
}

const char* fault_hit() {
  return first_hit;
}

int fault_set_ours(int is_ours) {
  return std::exchange(is_thread_ours, is_ours);
}

int fault_is_due(uint32_t calls, const char* name, int* error) {
  if (!is_armed.load(std::memory_order_acquire) || !is_thread_ours) return 0;
  if ((calls & armed.calls) == 0) return 0;
  const uint64_t nth = ++counted;
  if (armed.nth == 0 || nth < armed.nth || nth - armed.nth >= armed.number) return 0;
  const char* none = nullptr;
  first_hit.compare_exchange_strong(none, name);
  *error = armed.error;
  return 1;
}
