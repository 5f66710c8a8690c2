// SIGINT and SIGTERM stop an operation cleanly; a second one of the same kind kills.
#pragma once

#include <sapdr/cancel.h>

namespace sapdr::shell {

// While it lives, the signals trigger `cancel`. At most one at a time.
class SignalsCancel {
 public:
  explicit SignalsCancel(sapdr_cancel* cancel);
  SignalsCancel(const SignalsCancel&) = delete;
  SignalsCancel& operator=(const SignalsCancel&) = delete;
  ~SignalsCancel();
};

}  // namespace sapdr::shell
