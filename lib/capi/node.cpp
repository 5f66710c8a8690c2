#include "capi/node.hpp"

namespace sapdr::capi {

namespace {

using core::NodeType;

int32_t type_of(NodeType type) {
  switch (type) {
    case NodeType::file:
      return SAPDR_NODE_FILE;
    case NodeType::dir:
      return SAPDR_NODE_DIR;
    case NodeType::symlink:
      return SAPDR_NODE_SYMLINK;
    case NodeType::dev:
      return SAPDR_NODE_DEV;
    case NodeType::chardev:
      return SAPDR_NODE_CHARDEV;
    case NodeType::fifo:
      return SAPDR_NODE_FIFO;
    case NodeType::socket:
      return SAPDR_NODE_SOCKET;
    case NodeType::irregular:
      return SAPDR_NODE_OTHER;
  }
  return SAPDR_NODE_OTHER;
}

}  // namespace

sapdr_node to_c(const std::string& path, const core::Node& from) {
  sapdr_node node{};
  node.struct_size = sizeof node;
  node.type = type_of(from.type);
  node.path = path.c_str();
  node.path_size = path.size();
  if (from.type == NodeType::symlink) {
    node.link_target = from.link_target.c_str();
    node.link_target_size = from.link_target.size();
  }
  node.user = from.user.c_str();
  node.group = from.group.c_str();
  node.size = from.size;
  node.mtime_ns = from.mtime;
  node.atime_ns = from.atime;
  node.ctime_ns = from.ctime;
  node.inode = from.inode;
  node.links = from.links;
  node.device = from.device;
  node.n_blobs = from.content.size();
  node.mode = core::posix_permissions(from.mode);
  node.uid = from.uid;
  node.gid = from.gid;
  return node;
}

}  // namespace sapdr::capi
