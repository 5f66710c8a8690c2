// The observer that a command gives to a long operation.
#pragma once

#include <sapdr/observer.h>

#include "console.hpp"
#include "failure.hpp"
#include "report.hpp"

namespace sapdr::shell {

// Passes on what the operation tells. A write that fails stops the operation; `rethrow` then has
// the reason.
class Watch {
 public:
  Watch(Console& console, Report& report, bool machine);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  const sapdr_observer* observer() const { return &observer_; }
  // Items with this action are not told from now on; 0: all are.
  void hide(std::int32_t action) { hidden_ = action; }
  void rethrow() const { parked_.rethrow(); }

 private:
  static int on_progress(void* user, const sapdr_progress* progress);
  static int on_item(void* user, const sapdr_item* item);

  Console& console_;
  Report& report_;
  std::int32_t hidden_ = 0;
  Parked parked_;
  sapdr_observer observer_;
};

}  // namespace sapdr::shell
