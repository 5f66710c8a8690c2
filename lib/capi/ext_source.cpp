#include <sapdr/ext/source.h>

#include "capi/backup.hpp"
#include "capi/options.hpp"
#include "capi/streams.hpp"

namespace capi = sapdr::capi;
namespace core = sapdr::core;

sapdr_status sapdr_backup_source(sapdr_backup_result* result, sapdr_repo* repo,
                                 const sapdr_source_table* source,
                                 const sapdr_backup_options* options, sapdr_error** err) {
  return capi::guard(err, [&] {
    const sapdr_source_table table = capi::read_options(&capi::require(source, "source"), "source");
    capi::back_up_source(result, repo, options,
                         [&](const core::Context& context, core::UnixNs time) {
                           return capi::make_source(table, context.threads(), time);
                         });
  });
}
