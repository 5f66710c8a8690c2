#include "operation/restore_items.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace sapdr::core {

namespace {
constexpr uint32_t no_extra = std::numeric_limits<uint32_t>::max();
}

ItemNumber RestoreItems::add(ItemNumber folder, const Node& node, Todo todo) {
  if (items_.size() >= no_item) {
    throw Error(Code::unsupported, "there are more than 4 billion files; restore them in parts");
  }
  const auto number = static_cast<ItemNumber>(items_.size());
  RestoreItem& item = items_.emplace_back();
  item.name_at = names_.size();
  item.mtime = node.mtime;
  item.atime = node.atime;
  item.size = node.size;
  item.folder = folder;
  item.mode = node.mode;
  item.uid = node.uid;
  item.gid = node.gid;
  item.type = node.type;
  item.todo = todo;
  names_.append(node.name).push_back('\0');
  if (!node.xattrs.empty() || !node.link_target.empty() || node.device != 0) {
    Extra& more = extra(number);
    more.xattrs = node.xattrs;
    more.link_target = node.link_target;
    more.device = node.device;
  }
  return number;
}

void RestoreItems::set_leader(ItemNumber item, ItemNumber leader) {
  extra(item).leader = leader;
}

RestoreItems::Extra& RestoreItems::extra(ItemNumber item) {
  uint32_t& at = items_[item].extra;
  if (at == no_extra) {
    at = static_cast<uint32_t>(extras_.size());
    extras_.emplace_back();
  }
  return extras_[at];
}

const RestoreItems::Extra* RestoreItems::find_extra(ItemNumber item) const {
  const uint32_t at = items_[item].extra;
  return at == no_extra ? nullptr : &extras_[at];
}

std::string RestoreItems::path(ItemNumber item) const {
  if (item == no_item) return "/";
  size_t size = 0;
  for (ItemNumber at = item; at != no_item; at = items_[at].folder) {
    size += 1 + std::char_traits<char>::length(name(at));
  }
  std::string path(size, '/');
  for (ItemNumber at = item; at != no_item; at = items_[at].folder) {
    const std::string_view part = name(at);
    size -= part.size();
    std::copy(part.begin(), part.end(), path.begin() + static_cast<std::ptrdiff_t>(size));
    --size;
  }
  return path;
}

const std::string& RestoreItems::link_target(ItemNumber item) const {
  static const std::string none;
  const Extra* extra = find_extra(item);
  return extra == nullptr ? none : extra->link_target;
}

uint64_t RestoreItems::device(ItemNumber item) const {
  const Extra* extra = find_extra(item);
  return extra == nullptr ? 0 : extra->device;
}

uint64_t RestoreItems::hole_bytes(ItemNumber item) const {
  if (!items_[item].has_holes) return 0;
  uint64_t bytes = 0;
  for (const uint32_t blob : blobs_of(item)) {
    if (blobs[blob].is_hole) bytes += blobs[blob].place.plain_length;
  }
  return bytes;
}

Node RestoreItems::metadata(ItemNumber number) const {
  const RestoreItem& item = items_[number];
  Node node;
  node.name = name(number);
  node.type = item.type;
  node.mode = item.mode;
  node.mtime = item.mtime;
  node.atime = item.atime;
  node.uid = item.uid;
  node.gid = item.gid;
  if (const Extra* extra = find_extra(number)) node.xattrs = extra->xattrs;
  return node;
}

}  // namespace sapdr::core
