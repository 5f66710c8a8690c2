#include "watch.hpp"

namespace sapdr::shell {
namespace {

// A person wants a smooth bar, a machine wants few events.
constexpr std::uint32_t kTerminalInterval = 100;
constexpr std::uint32_t kMachineInterval = 1000;

}  // namespace

Watch::Watch(Console& console, Report& report, bool machine) : console_(console), report_(report) {
  SAPDR_INIT(&observer_);
  observer_.min_interval_ms = machine ? kMachineInterval : kTerminalInterval;
  observer_.user = this;
  observer_.on_progress = on_progress;
  observer_.on_item = on_item;
}

int Watch::on_progress(void* user, const sapdr_progress* progress) {
  auto& self = *static_cast<Watch*>(user);
  return self.parked_.run([&] {
    self.console_.progress(*progress);
    self.report_.progress(*progress);
  })
             ? 0
             : 1;
}

int Watch::on_item(void* user, const sapdr_item* item) {
  auto& self = *static_cast<Watch*>(user);
  return self.parked_.run([&] {
    if (item->action == self.hidden_) return;
    if (is_problem(*item)) self.console_.problem(*item);
    self.report_.item(*item);
  })
             ? 0
             : 1;
}

}  // namespace sapdr::shell
