// What a snapshot of MongoDB says about itself: the file capture.json in its tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/mongodb/deployment.hpp"
#include "component/mongodb/namespaces.hpp"

namespace sapdr::core::mongodb {

// The names of what is in the folder of a deployment beside its databases.
inline constexpr const char* root_folder = "mongodb";
inline constexpr const char* oplog_file = "oplog.bson";
inline constexpr const char* record_file = "capture.json";

struct CapturedCollection {
  std::string db, name, uuid, type;
  uint64_t documents = 0, bytes = 0;
};

struct CaptureRecord {
  Identity identity;
  NamespaceFilter filter;
  // The data was read between `begin` and `consistent`. With the oplog applied to some time from
  // `consistent` to `last`, it is as it was then. All are zero without an oplog.
  OplogTime begin, consistent, last;
  uint64_t oplog_entries = 0, oplog_bytes = 0;
  std::vector<CapturedCollection> collections;

  // The name of the deployment's folder.
  std::string folder() const {
    return identity.has_oplog() ? identity.replica_set : std::string("standalone");
  }
};

std::string record_json(const CaptureRecord& record);
// Throws Code::corrupt, or Code::unsupported for a record of a newer form.
CaptureRecord parse_record(std::string_view json, std::string_view what);

}  // namespace sapdr::core::mongodb
