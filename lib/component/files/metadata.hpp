// Metadata of local files: from the system into a node, and back.
#pragma once

#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "format/tree.hpp"

namespace sapdr::core {

// Names of users and groups, looked up once each. For one thread.
class OwnerNames {
 public:
  // Empty if there is no such user or group.
  const std::string& user(uint32_t uid);
  const std::string& group(uint32_t gid);

 private:
  std::vector<std::pair<uint32_t, std::string>> users_;
  std::vector<std::pair<uint32_t, std::string>> groups_;
};

UnixNs to_ns(const struct timespec& time);

// Fills in everything that stat knows; name, content, link target and xattrs are left alone. atime
// becomes mtime unless `with_atime`, as in restic.
void node_from_stat(const struct stat& st, OwnerNames& names, bool with_atime, Node& node);

// Extended attributes of the entry `name` in the folder `dir_fd` (open in any way, O_PATH too),
// links not followed; or of an open file. Filesystems without attributes have none. In the order
// the system tells them.
std::vector<ExtendedAttribute> read_xattrs(int dir_fd, const std::string& name);
std::vector<ExtendedAttribute> read_xattrs(int fd);

struct ApplyOptions {
  bool owner = true;  // set owner and group; silently left without privilege
};

// Sets owner, xattrs, mode and times (in this order: a change of the owner drops capabilities and
// setuid, a mode may forbid setting xattrs) of the entry `name` in the folder `dir_fd`; never
// follows a link. Attributes that the node does not have are removed. Throws the first failure
// after having tried everything.
void apply_metadata(int dir_fd, const std::string& name, const Node& node,
                    const ApplyOptions& options);
// The same through a descriptor that is open for writing or is a folder.
void apply_metadata(int fd, const Node& node, const ApplyOptions& options);

}  // namespace sapdr::core
