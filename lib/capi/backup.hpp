// What every way to back up something other than files has in common.
#pragma once

#include <sapdr/backup.h>

#include <functional>
#include <memory>

#include "capi/guard.hpp"
#include "repository/repository.hpp"
#include "repository/source.hpp"

namespace sapdr::capi {

// Makes the source of a run; `time` is that of the snapshot.
using MakeSource =
    std::function<std::unique_ptr<core::Source>(const core::Context& context, core::UnixNs time)>;

// Backs up a source of which nothing may be left out.
void back_up_whole(sapdr_backup_result* result, sapdr_repo* repo,
                   const sapdr_backup_options* options, const MakeSource& make_source);

}  // namespace sapdr::capi
