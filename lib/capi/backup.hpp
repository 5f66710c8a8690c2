// What every way to back up something other than files has in common.
#pragma once

#include <sapdr/backup.h>

#include <functional>
#include <memory>

#include "capi/guard.hpp"
#include "operation/backup.hpp"

namespace sapdr::capi {

// Makes the source of a run; `time` is that of the snapshot.
using MakeSource =
    std::function<std::unique_ptr<core::Source>(const core::Context& context, core::UnixNs time)>;

// Does the work of a backup, and fills in `result` as far as it gets.
using Backup = std::function<void(core::Repository& repository, const core::RepositoryLock& lock,
                                  const core::BackupOptions& options, core::BackupResult& result,
                                  core::Progress& progress)>;

// A backup of which nothing may be left out; its time is set. `prepare` reads what arguments there
// are beside the options, and gives what then works under a lock.
void back_up_whole(sapdr_backup_result* result, sapdr_repo* repo,
                   const sapdr_backup_options* options,
                   const std::function<Backup(const core::Context&, core::UnixNs time)>& prepare);

// The same for a source.
void back_up_source(sapdr_backup_result* result, sapdr_repo* repo,
                    const sapdr_backup_options* options, const MakeSource& make_source);

}  // namespace sapdr::capi
