#include <sapdr/backend.h>

#include "capi/handles.hpp"
#include "storage/open.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

sapdr_status sapdr_backend_open(sapdr_backend** out, sapdr_ctx* ctx, const char* location,
                                sapdr_error** err) {
  return capi::guard_new(out, err, [&] {
    const core::ContextPtr& context = capi::use(ctx);
    return capi::new_backend(context,
                             core::open_backend(context, &capi::require(location, "location")));
  });
}

const char* sapdr_backend_location(const sapdr_backend* backend) {
  return backend == nullptr ? "" : backend->location.c_str();
}

void sapdr_backend_free(sapdr_backend* backend) {
  delete backend;
}
