#include <sapdr/decorators.h>

#include "capi/handles.hpp"
#include "capi/options.hpp"
#include "storage/dry_run.hpp"
#include "storage/fault.hpp"
#include "storage/limit.hpp"
#include "storage/memory.hpp"
#include "storage/retry.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

namespace {

// Zero is the default.
void read_wait(std::chrono::nanoseconds& into, int64_t ns, const char* name) {
  if (ns != 0) into = std::chrono::nanoseconds(capi::read_duration(ns, name));
}

core::RetryOptions read_retry(const sapdr_retry_options& given) {
  core::RetryOptions options;
  options.max_attempts = given.max_attempts;
  read_wait(options.max_elapsed, given.max_elapsed_ns, "max_elapsed_ns");
  read_wait(options.min_wait, given.min_wait_ns, "min_wait_ns");
  read_wait(options.max_wait, given.max_wait_ns, "max_wait_ns");
  return options;
}

core::FaultOptions read_fault(const sapdr_fault_options& given) {
  capi::require_unused(given.reserved);
  capi::require_range(given.calls, 0, core::call_any, "calls");
  core::FaultOptions options;
  if (given.calls != 0) options.calls = given.calls;
  options.fail_at = given.fail_at;
  if (given.fail_count != 0) options.fail_count = given.fail_count;
  if (!(given.probability >= 0 && given.probability <= 1)) {  // nor NaN
    throw core::Error(core::Code::invalid_argument, "\"probability\" goes from 0 to 1");
  }
  options.probability = given.probability;
  options.seed = given.seed;
  if (given.status != 0) {
    if (!capi::is_failure(given.status)) {
      throw core::Error(core::Code::invalid_argument,
                        "\"status\" is " + std::to_string(given.status) + ", which is no failure");
    }
    options.code = core::Code{given.status};
  }
  if (given.permanent != 0) options.retry = core::Retry::never;
  options.lose_answer = given.lose_answer != 0;
  return options;
}

// Puts something around `inner`: `BackendPtr decorate(context, backend)`.
template <class Decorate>
sapdr_status decorate_new(sapdr_backend** out, sapdr_backend* inner, sapdr_error** err,
                          Decorate decorate) {
  return capi::guard_new(out, err, [&] {
    const core::BackendPtr& backend = capi::use(inner);
    return capi::new_backend(inner->context, decorate(inner->context, backend));
  });
}

}  // namespace

sapdr_status sapdr_backend_with_retry(sapdr_backend** out, sapdr_backend* inner,
                                      const sapdr_retry_options* options, sapdr_error** err) {
  return decorate_new(out, inner, err, [&](const auto& context, const auto& backend) {
    return core::with_retry(context, backend, read_retry(capi::read_options(options, "options")));
  });
}

sapdr_status sapdr_backend_with_limit(sapdr_backend** out, sapdr_backend* inner,
                                      const sapdr_limit_options* options, sapdr_error** err) {
  return decorate_new(out, inner, err, [&](const auto&, const auto& backend) {
    const sapdr_limit_options given = capi::read_options(options, "options");
    capi::require_unused(given.reserved);
    return core::with_limit(backend, {given.upload, given.download});
  });
}

sapdr_status sapdr_backend_with_dry_run(sapdr_backend** out, sapdr_backend* inner,
                                        sapdr_error** err) {
  return decorate_new(out, inner, err, [](const auto&, const auto& backend) {
    return core::with_dry_run(backend, core::open_memory());
  });
}

sapdr_status sapdr_backend_with_fault(sapdr_backend** out, sapdr_backend* inner,
                                      const sapdr_fault_options* options, sapdr_error** err) {
  return decorate_new(out, inner, err, [&](const auto& context, const auto& backend) {
    return core::with_fault(context, backend, read_fault(capi::read_options(options, "options")));
  });
}
