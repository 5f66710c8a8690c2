// Points in the history of a MongoDB replica set, for people and for machines.
#pragma once

#include <sapdr/mongodb.h>

#include <string>

#include "json.hpp"

namespace sapdr::shell {

std::string utc_second(sapdr_oplog_time time);  // "2025-11-14T14:30:00Z"
// With both parts of it: t, i, and the time they mean.
JsonObject oplog_time_fields(sapdr_oplog_time time);

}  // namespace sapdr::shell
