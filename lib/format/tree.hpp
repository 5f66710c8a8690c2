// Trees: the folders of a snapshot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"

namespace sapdr::core {

enum class NodeType : uint8_t { file, dir, symlink, dev, chardev, fifo, socket, irregular };

const char* to_string(NodeType type);

struct ExtendedAttribute {
  std::string name;
  std::string value;  // bytes

  bool operator==(const ExtendedAttribute&) const = default;
};

struct Node {
  std::string name;  // bytes as on disk
  NodeType type = NodeType::file;
  uint32_t mode = 0;  // bits of Go's os.FileMode; see go_mode()
  UnixNs mtime = 0;
  UnixNs atime = 0;
  UnixNs ctime = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string user;
  std::string group;
  uint64_t inode = 0;
  uint64_t device_id = 0;
  uint64_t size = 0;
  uint64_t links = 0;
  std::string link_target;  // bytes
  std::vector<ExtendedAttribute> xattrs;
  uint64_t device = 0;
  std::vector<Id> content;  // only of files; written as null for everything else
  std::optional<Id> subtree;
  std::string error;

  bool operator==(const Node&) const = default;
};

// POSIX st_mode <-> Go's os.FileMode.
uint32_t go_mode(uint32_t st_mode);
uint32_t posix_permissions(uint32_t go_mode);  // permission bits with setuid, setgid, sticky

// True for a name that may become a directory entry: not empty, not "." or "..", no '/', no NUL.
bool is_safe_name(std::string_view name);

// The nodes of a tree in the order they are stored in. Names are decoded but not judged: whoever
// writes them to disk asks is_safe_name. Throws Code::corrupt.
std::vector<Node> parse_tree(std::string_view json, std::string_view what);

// Appends one node as JSON; the fields, their order and their form are those of restic.
void append_node(std::string& out, const Node& node);

// {"nodes":[…]} and a newline, as restic hashes it. The nodes must be sorted by name already.
std::string tree_json(const std::vector<Node>& nodes);

}  // namespace sapdr::core
