/* Diff: what changed from one snapshot to another.
 *
 * Both trees are walked side by side. Folders whose trees have the same id are the same in all that
 * is in them and are not looked into; so the work is that of what changed. To tell new blobs from
 * those that another, unchanged folder has already, the unchanged folders have to be read once, as
 * restic does it; `no_blobs` spares that.
 */
#ifndef SAPDR_DIFF_H
#define SAPDR_DIFF_H

#include <sapdr/tree.h>

SAPDR_BEGIN_DECLS

/* What changed; one bit, or SAPDR_DIFF_TYPE and SAPDR_DIFF_METADATA together. */
enum {
  SAPDR_DIFF_ADDED = 1,    /* "+" */
  SAPDR_DIFF_REMOVED = 2,  /* "-" */
  SAPDR_DIFF_MODIFIED = 4, /* "M": the content of a file, and maybe its metadata */
  SAPDR_DIFF_METADATA = 8, /* "U": anything else that is stored; of a folder also what is below it.
                              Told only if the option `metadata` asks for it */
  SAPDR_DIFF_TYPE = 16     /* "T": a file became a link, and the like; what was or is in a folder
                              that is on one side only for that reason is not told */
};

/* The letters above, which are those of restic: "+", "-", "M", "U", "T", "TU"; "?" for anything
 * else. Static, never NULL, any thread. @since 0.1 */
SAPDR_API const char *sapdr_diff_modifier(uint32_t change);

/* One difference; everything is borrowed for the duration of the call. */
typedef struct sapdr_difference {
  uint32_t struct_size;
  uint32_t change;          /* bits SAPDR_DIFF_* */
  const char *path;         /* absolute in the snapshot; has a NUL behind it */
  size_t path_size;
  const sapdr_node *before; /* NULL: added */
  const sapdr_node *after;  /* NULL: removed */
} sapdr_difference;

typedef struct sapdr_diff_options {
  uint32_t struct_size;
  int32_t metadata;               /* 1: tell differences in metadata, too */
  int32_t no_blobs;               /* 1: count no blobs: unchanged folders are not even read */
  int32_t reserved;
  const sapdr_observer *observer; /* on_item tells what could not be read */
  sapdr_cancel *cancel;
} sapdr_diff_options;

typedef struct sapdr_diff_result {
  uint32_t struct_size;
  uint32_t reserved;
  sapdr_id before_id;           /* the snapshots that were compared; zeros if they were not found */
  sapdr_id after_id;
  uint64_t files_new;
  uint64_t files_removed;
  uint64_t files_changed;       /* in content */
  uint64_t dirs_new;
  uint64_t dirs_removed;
  uint64_t others_new;          /* links, devices, fifos, sockets */
  uint64_t others_removed;
  uint64_t data_blobs_new;      /* blobs that only the second snapshot needs */
  uint64_t data_blobs_removed;  /* blobs that only the first one needs */
  uint64_t tree_blobs_new;
  uint64_t tree_blobs_removed;
  uint64_t bytes_new;           /* plaintext of those blobs */
  uint64_t bytes_removed;
  uint64_t failed;              /* folders that could not be compared, blobs of unknown size */
  uint64_t elapsed_ns;
} sapdr_diff_result;

/* Compares two snapshots ("ID", "latest", "ID:/folder") and calls `each`, which may be NULL, for
 * every difference: folders before what is in them, names in byte order. Non-zero from `each` stops
 * with SAPDR_E_CALLBACK. A folder that cannot be read is told as an item, the rest goes on, and the
 * end is SAPDR_E_INCOMPLETE. `filter` says which snapshots "latest" is the latest of. `result` may
 * be NULL and is filled in whatever the status is. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_diff_run(
    sapdr_diff_result *result, sapdr_repo *repo, const char *before, const char *after,
    const sapdr_snapshot_filter *filter,
    int32_t (*each)(void *user, const sapdr_difference *difference), void *user,
    const sapdr_diff_options *options, sapdr_error **err);

SAPDR_END_DECLS

#endif
