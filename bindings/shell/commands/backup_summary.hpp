// How a backup ended, for people and for machines.
#pragma once

#include <sapdr/backup.h>

#include "report.hpp"

namespace sapdr::shell {

// `finished`: the run came to its end, if only with items left out.
Summary backup_summary(const sapdr_backup_result& result, bool dry_run, bool finished);

}  // namespace sapdr::shell
