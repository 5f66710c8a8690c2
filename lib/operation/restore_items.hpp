// What a restore has to do, in memory: some 90 bytes and the name for an item, 4 for each of its
// blobs.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "format/tree.hpp"
#include "repository/blob_index.hpp"

namespace sapdr::core {

// The number of an item. The target itself has none.
using ItemNumber = uint32_t;
inline constexpr ItemNumber no_item = std::numeric_limits<ItemNumber>::max();

enum class Todo : uint8_t {
  nothing,       // a folder that is there and only a way to others; a file that failed already
  set_dir,       // a folder that is there: its metadata
  make_dir,      // a new folder
  write_file,    // content and metadata
  link_file,     // a further name of another item
  make_other,    // link, device, fifo
  set_metadata,  // a file that is right but for owner or mode
  only_verify,   // a file that is right; it is read if that is wanted
};

struct RestoreItem {
  uint64_t name_at = 0;
  UnixNs mtime = 0;
  UnixNs atime = 0;
  uint64_t size = 0;  // of files: the sum of their blobs
  uint64_t blobs_at = 0;
  uint32_t n_blobs = 0;
  ItemNumber folder = no_item;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t extra = std::numeric_limits<uint32_t>::max();
  NodeType type = NodeType::file;
  Todo todo = Todo::nothing;
  bool has_holes = false;  // some of its blobs are nothing but zeros

  bool is_dir() const { return type == NodeType::dir; }
};

struct PlannedBlob {
  BlobPlace place;
  bool is_hole = false;  // nothing but zeros, to be left out of the file
};

// Folders come before what is in them.
class RestoreItems {
 public:
  ItemNumber add(ItemNumber folder, const Node& node, Todo todo);
  // For Todo::link_file: the item that it becomes a further name of.
  void set_leader(ItemNumber item, ItemNumber leader);
  ItemNumber leader(ItemNumber item) const { return extras_[items_[item].extra].leader; }

  size_t size() const { return items_.size(); }
  RestoreItem& operator[](ItemNumber item) { return items_[item]; }
  const RestoreItem& operator[](ItemNumber item) const { return items_[item]; }

  const char* name(ItemNumber item) const { return names_.data() + items_[item].name_at; }
  std::string path(ItemNumber item) const;  // "/a/b"; "/" for no_item
  const std::string& link_target(ItemNumber item) const;
  uint64_t device(ItemNumber item) const;
  uint64_t hole_bytes(ItemNumber item) const;
  // The blobs of a file, in their order: numbers into `blobs`.
  std::span<const uint32_t> blobs_of(ItemNumber item) const {
    return std::span(content).subspan(items_[item].blobs_at, items_[item].n_blobs);
  }
  // What apply_metadata needs of the node.
  Node metadata(ItemNumber item) const;

  std::vector<uint32_t> content;  // see blobs_of
  std::vector<PlannedBlob> blobs;

 private:
  struct Extra {  // what few items have
    std::vector<ExtendedAttribute> xattrs;
    std::string link_target;
    uint64_t device = 0;
    ItemNumber leader = no_item;
  };
  Extra& extra(ItemNumber item);
  const Extra* find_extra(ItemNumber item) const;

  std::vector<RestoreItem> items_;
  std::vector<Extra> extras_;
  std::string names_;  // each with a NUL behind it
};

}  // namespace sapdr::core
