/* What is in a snapshot: walk its files, read one of them. */
#ifndef SAPDR_TREE_H
#define SAPDR_TREE_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

enum {
  SAPDR_NODE_FILE = 1,
  SAPDR_NODE_DIR = 2,
  SAPDR_NODE_SYMLINK = 3,
  SAPDR_NODE_DEV = 4,     /* block device */
  SAPDR_NODE_CHARDEV = 5,
  SAPDR_NODE_FIFO = 6,
  SAPDR_NODE_SOCKET = 7,
  SAPDR_NODE_OTHER = 8
};

/* One file, folder or other thing of a snapshot; everything is borrowed until the next call on
 * the walk it came from. */
typedef struct sapdr_node {
  uint32_t struct_size;
  int32_t type;            /* SAPDR_NODE_* */
  const char *path;        /* absolute in the snapshot; has a NUL behind it */
  size_t path_size;
  const char *link_target; /* of a symbolic link, else NULL; has a NUL behind it */
  size_t link_target_size;
  const char *user;        /* names as they were on the source; "" if unknown */
  const char *group;
  uint64_t size;
  int64_t mtime_ns;
  int64_t atime_ns;
  int64_t ctime_ns;
  uint64_t inode;
  uint64_t links;
  uint64_t device;         /* of a device file */
  uint64_t n_blobs;        /* blobs that hold its content */
  uint32_t mode;           /* POSIX permission bits with setuid, setgid, sticky */
  uint32_t uid;
  uint32_t gid;
  int32_t reserved;
} sapdr_node;

typedef struct sapdr_walk sapdr_walk;

typedef struct sapdr_walk_options {
  uint32_t struct_size;
  int32_t not_recursive;       /* 1: only what is directly in the root or the given paths */
  const char *const *paths;    /* only these and what is below them; none: everything */
  size_t n_paths;
} sapdr_walk_options;

/* A walk over a snapshot ("ID", "latest", "ID:/folder"), folders before what is in them, names in
 * byte order. SAPDR_E_NOT_FOUND if a path is not in the snapshot. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_walk_new(sapdr_walk **out, sapdr_repo *repo,
                                                      const char *snapshot,
                                                      const sapdr_snapshot_filter *filter,
                                                      const sapdr_walk_options *options,
                                                      sapdr_error **err);

/* The next node, or NULL in `*out` at the end. SAPDR_E_CORRUPT if a tree is damaged; the call
 * after that goes on behind it. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_walk_next(const sapdr_node **out, sapdr_walk *walk,
                                                       sapdr_error **err);
/* The snapshot being walked. Borrowed from the walk. @since 0.1 */
SAPDR_API const sapdr_snapshot *sapdr_walk_snapshot(const sapdr_walk *walk);
SAPDR_API void sapdr_walk_free(sapdr_walk *walk); /* before its repository; @since 0.1 */

/* Writes the content of one file of a snapshot to `write`, in order, every blob proven by its MAC
 * and SHA-256 before it is handed out. A failure from `write` stops (and optionally *err, which the
 * library takes over). SAPDR_E_NOT_FOUND, SAPDR_E_INVALID_ARGUMENT if it is not a file.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_dump_run(
    sapdr_repo *repo, const char *snapshot, const sapdr_snapshot_filter *filter, const char *path,
    sapdr_status (*write)(void *user, const void *data, size_t size, sapdr_error **err),
    void *user, sapdr_cancel *cancel, sapdr_error **err);

SAPDR_END_DECLS

#endif
