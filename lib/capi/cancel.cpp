#include <sapdr/cancel.h>

#include "capi/handles.hpp"

namespace capi = sapdr::capi;

sapdr_status sapdr_cancel_new(sapdr_cancel** out, sapdr_error** err) {
  return capi::guard_new(out, err, [] { return std::make_unique<sapdr_cancel>(); });
}

void sapdr_cancel_trigger(sapdr_cancel* cancel) {
  if (cancel != nullptr) cancel->flag.trigger();
}

int32_t sapdr_cancel_is_triggered(const sapdr_cancel* cancel) {
  return cancel != nullptr && cancel->flag.is_triggered() ? 1 : 0;
}

void sapdr_cancel_reset(sapdr_cancel* cancel) {
  if (cancel != nullptr) cancel->flag.reset();
}

void sapdr_cancel_free(sapdr_cancel* cancel) {
  delete cancel;
}
