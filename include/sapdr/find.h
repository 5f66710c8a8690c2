/* Find: in which snapshots, and where in them, is a file, a blob, a tree or a pack?
 *
 * A tree that several snapshots hold is read once, however many there are. So searching a hundred
 * snapshots of folders that hardly change costs little more than searching one.
 */
#ifndef SAPDR_FIND_H
#define SAPDR_FIND_H

#include <sapdr/tree.h>

SAPDR_BEGIN_DECLS

/* What is looked for, and where. At least one pattern or id has to be given; what matches any of
 * them is found.
 *
 * Patterns are those of a restore: "*.yaml" is a name anywhere, "models/?.bin" a part of a path,
 * "/srv/models" a path from the root; what is in a folder that matches is found, too. Ids may be
 * cut to a prefix that is unique in the index; a blob or tree that is lost is found by its whole
 * id. */
typedef struct sapdr_find_options {
  uint32_t struct_size;
  int32_t ignore_case;            /* 1: patterns match both cases alike */
  const char *const *patterns;
  size_t n_patterns;
  int64_t oldest_ns;              /* patterns find only what was modified then or later; 0: all */
  int64_t newest_ns;              /* … then or earlier; 0: all */
  const char *const *blobs;       /* files that hold one of these blobs */
  size_t n_blobs;
  const char *const *trees;       /* folders that are one of these trees */
  size_t n_trees;
  const char *const *packs;       /* files and folders that need anything in one of these packs */
  size_t n_packs;
  const char *const *snapshots;   /* only in these ("ID", "latest", "ID:/folder"), in this order;
                                     none: in all that match the filter, oldest first */
  size_t n_snapshots;
  const sapdr_observer *observer; /* on_item tells folders that could not be read */
  sapdr_cancel *cancel;
} sapdr_find_options;

/* One match; everything is borrowed for the duration of the call. */
typedef struct sapdr_match {
  uint32_t struct_size;
  uint32_t reserved;
  const sapdr_snapshot *snapshot;
  const sapdr_node *node;         /* of the root itself, only path, type and tree are known */
  const char *object_type;        /* "blob" or "tree": it was found by that id; NULL: by a pattern */
  const char *object_id;          /* hexadecimal, or NULL */
  const char *tree_id;            /* tree that the node is in, hexadecimal; NULL for the root */
} sapdr_match;

typedef struct sapdr_find_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t snapshots;   /* searched */
  uint64_t trees;       /* different trees that were read */
  uint64_t matches;
  uint64_t failed;      /* folders of snapshots that could not be searched */
  uint64_t elapsed_ns;
} sapdr_find_result;

/* Searches and calls `each`, which may be NULL, for every match: snapshot by snapshot, folders
 * before what is in them. A node is told once by the patterns, and once by each object that it
 * needs. Non-zero from `each` stops with SAPDR_E_CALLBACK. A folder that cannot be read is told as
 * an item, the rest goes on, and the end is SAPDR_E_INCOMPLETE. SAPDR_E_INVALID_ARGUMENT if nothing
 * is looked for, SAPDR_E_NOT_FOUND or SAPDR_E_AMBIGUOUS for a prefix of an id. `result` may be NULL
 * and is filled in whatever the status is. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_find_run(
    sapdr_find_result *result, sapdr_repo *repo, const sapdr_snapshot_filter *filter,
    int32_t (*each)(void *user, const sapdr_match *match), void *user,
    const sapdr_find_options *options, sapdr_error **err);

SAPDR_END_DECLS

#endif
