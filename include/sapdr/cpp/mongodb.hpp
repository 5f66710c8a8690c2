/* MongoDB: options and results of its backup, and which times can be restored. */
#pragma once

#include <sapdr/mongodb.h>

#include <sapdr/cpp/backup.hpp>
#include <sapdr/cpp/id.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

using oplog_time = sapdr_oplog_time;
using mongodb_capture = sapdr_mongodb_capture;

/* The fields mean what they mean in sapdr_mongodb_options. */
struct mongodb_options {
  bool full = false;
  std::vector<std::string> includes{};
  std::vector<std::string> excludes{};
  uint64_t limit_read = 0;      /* bytes a second; 0: no limit */
  uint32_t batch_documents = 0; /* 0: as many as the server sends */
};

/* What was read, and what became of it. */
struct mongodb_backup_result {
  mongodb_capture capture;
  backup_result backup;
};
using mongodb_backup_error = run_error<mongodb_backup_result>;

/* Times that can be restored. */
struct mongodb_range {
  std::string replica_set;    /* empty: a standalone server */
  std::string replica_set_id; /* what tells replica sets of one name apart */
  std::vector<std::string> includes;
  std::vector<std::string> excludes;
  bool has_oplog = false; /* false: of no time that is known */
  oplog_time from{};
  oplog_time to{};
  std::vector<sapdr_id> snapshots; /* oldest first; each time is in one at least */
};

namespace detail {

inline std::vector<std::string> to_strings(const char* const* list, std::size_t n) {
  return {list, list + n};
}

inline mongodb_range to_cpp(const sapdr_mongodb_range& c) {
  return {.replica_set = c.replica_set,
          .replica_set_id = c.replica_set_id,
          .includes = to_strings(c.includes, c.n_includes),
          .excludes = to_strings(c.excludes, c.n_excludes),
          .has_oplog = c.has_oplog != 0,
          .from = c.from,
          .to = c.to,
          .snapshots = {c.snapshots, c.snapshots + c.n_snapshots}};
}

}  // namespace detail
}  // namespace sapdr
