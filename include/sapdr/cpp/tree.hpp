/* What is in a snapshot: an input range of nodes. */
#pragma once

#include <sapdr/tree.h>

#include <cstddef>
#include <iterator>
#include <optional>
#include <sapdr/cpp/snapshot.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sapdr {

/* One file, folder or other thing; views are borrowed until the walk goes on, or for the duration
 * of the call of a callback. */
struct node {
  int32_t type = 0;             /* SAPDR_NODE_* */
  std::string_view path;        /* absolute in the snapshot, any bytes */
  std::string_view link_target; /* of a symbolic link */
  std::string_view user;
  std::string_view group;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t atime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  uint64_t links = 0;
  uint64_t device = 0;
  uint64_t n_blobs = 0;
  uint32_t mode = 0; /* permission bits */
  uint32_t uid = 0;
  uint32_t gid = 0;
};

namespace detail {
inline node to_node(const sapdr_node& n) {
  return {.type = n.type,
          .path = view(n.path, n.path_size),
          .link_target = view(n.link_target, n.link_target_size),
          .user = view(n.user),
          .group = view(n.group),
          .size = n.size,
          .mtime_ns = n.mtime_ns,
          .atime_ns = n.atime_ns,
          .ctime_ns = n.ctime_ns,
          .inode = n.inode,
          .links = n.links,
          .device = n.device,
          .n_blobs = n.n_blobs,
          .mode = n.mode,
          .uid = n.uid,
          .gid = n.gid};
}
}  // namespace detail

struct walk_options {
  bool not_recursive = false;
  std::vector<std::string> paths{}; /* only these and what is below them; none: everything */
};

/* A walk over a snapshot: `for (const sapdr::node& each : repo.walk("latest"))`. Can be gone
 * through once. Holds a lock of the repository as long as it lives, and must end before the
 * repository does. */
class walk {
 public:
  /* Takes it over. */
  explicit walk(sapdr_walk* owned) noexcept : handle_(owned) {}

  /* The next node, or nothing at the end. Throws SAPDR_E_CORRUPT for a damaged tree; the call
   * after that goes on behind it. */
  std::optional<node> next() {
    detail::error_out err;
    const sapdr_node* n = nullptr;
    err.check(sapdr_walk_next(&n, handle_.get(), err));
    if (n == nullptr) return std::nullopt;
    return detail::to_node(*n);
  }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = node;
    using difference_type = std::ptrdiff_t;

    explicit iterator(walk& owner) : walk_(&owner), node_(owner.next()) {}
    const node& operator*() const { return *node_; }
    const node* operator->() const { return &*node_; }
    iterator& operator++() {
      node_ = walk_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) { return !at.node_; }

   private:
    walk* walk_;
    std::optional<node> node_;
  };

  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  /* The snapshot being walked; lives as long as the walk. */
  snapshot_view snapshot() const { return snapshot_view(sapdr_walk_snapshot(handle_.get())); }

 private:
  detail::handle<sapdr_walk, sapdr_walk_free> handle_;
};

}  // namespace sapdr
