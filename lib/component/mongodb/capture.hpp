// MongoDB as a source: its tree is a folder as mongodump makes it, with the oplog of the time in
// which it was read.
//
//   /mongodb/REPLICA_SET/oplog.bson
//   /mongodb/REPLICA_SET/capture.json              what the snapshot says about itself
//   /mongodb/REPLICA_SET/DB/COLLECTION.bson
//   /mongodb/REPLICA_SET/DB/COLLECTION.metadata.json
//
// Documents are read as they are, while others write: what is written meanwhile is in the oplog,
// which is copied at the same time, from before the first read to after the last. With the oplog
// applied, the data is that of any time from the last read on.
#pragma once

#include <memory>
#include <vector>

#include "component/mongodb/capture_record.hpp"
#include "format/tree.hpp"
#include "repository/source.hpp"

namespace sapdr::core::mongodb {

struct CaptureOptions {
  NamespaceFilter filter;
  int64_t batch_documents = 0;    // asked for at once; 0: as many as the server sends
  uint64_t bytes_per_second = 0;  // 0: no limit
  UnixNs time = 0;                // of files and folders
};

// All data, and the oplog beside it. `record` is complete when the source was run; of its members
// only `identity` is used before.
std::unique_ptr<Source> make_full_capture(DeploymentPtr deployment, const CaptureOptions& options,
                                          CaptureRecord& record);

// The tree of an earlier snapshot, with the oplog since. `record` is that of the earlier one, and
// is brought up to date when the source is run; `earlier` is what its folder has.
std::unique_ptr<Source> make_incremental_capture(DeploymentPtr deployment,
                                                 const CaptureOptions& options,
                                                 std::vector<Node> earlier, CaptureRecord& record);

}  // namespace sapdr::core::mongodb
