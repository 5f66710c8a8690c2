/* Watching a long operation: progress, and one call for each item worth telling.
 *
 * An observer is a table of callbacks that the caller fills in and passes by pointer; any of them
 * may be NULL. The callbacks of one operation are serialised: never two at once, but maybe on
 * another thread than the caller's. They must not unwind (no exception, no longjmp) and must not
 * call into the handle that is being observed, except sapdr_cancel_trigger.
 */
#ifndef SAPDR_OBSERVER_H
#define SAPDR_OBSERVER_H

#include <sapdr/error.h>

SAPDR_BEGIN_DECLS

/* What an operation is doing at the moment. */
enum {
  SAPDR_PHASE_PREPARE = 0, /* locks, index, plans */
  SAPDR_PHASE_READ = 1,    /* backup: reading and storing; checksums: reading */
  SAPDR_PHASE_WRITE = 2,   /* restore: fetching and writing */
  SAPDR_PHASE_CHECK = 3,   /* structure: packs, snapshots, trees */
  SAPDR_PHASE_VERIFY = 4,  /* reading stored data, or local files, again */
  SAPDR_PHASE_FINISH = 5   /* index, metadata, snapshot, manifest */
};

/* How far it is. Totals are 0 while unknown and may grow while a source is still being walked. */
typedef struct sapdr_progress {
  uint32_t struct_size;
  int32_t phase; /* SAPDR_PHASE_* */
  uint64_t items_done;
  uint64_t items_total;
  uint64_t bytes_done;
  uint64_t bytes_total;
  uint64_t errors;      /* items that failed so far */
  uint64_t elapsed_ns;  /* since the operation began */
  const char *current;  /* the item being worked on, not NUL-terminated; may be NULL */
  size_t current_size;
  int32_t is_final; /* 1 in the last call, which is always made */
  int32_t reserved;
} sapdr_progress;

/* What happened to an item. */
enum {
  SAPDR_ITEM_NEW = 1,        /* backup: not in the parent snapshot; copy: not in the destination */
  SAPDR_ITEM_MODIFIED = 2,   /* backup: differs from the parent snapshot; tag: has other tags now */
  SAPDR_ITEM_UNCHANGED = 3,  /* as in the parent or the manifest; restore, tag: already right */
  SAPDR_ITEM_RESTORED = 4,   /* restore: written (in a plan: will be written) */
  SAPDR_ITEM_SKIPPED = 5,    /* left alone because an option says so; copy: copied before */
  SAPDR_ITEM_FAILED = 6,     /* could not be read or written; `status` and `message` say why */
  SAPDR_ITEM_CHANGED = 7,    /* backup, checksums: changed while it was read; taken as read */
  SAPDR_ITEM_MISSING = 8,    /* verify: in the snapshot or manifest, not on disk */
  SAPDR_ITEM_EXTRA = 9,      /* verify: on disk, not in the snapshot or manifest */
  SAPDR_ITEM_DIFFERS = 10,   /* verify: content or type differs */
  SAPDR_ITEM_METADATA = 11,  /* verify: content is right, mode, owner, time or xattr is not */
  SAPDR_ITEM_DAMAGED = 12,   /* check: a stored object is damaged or missing */
  SAPDR_ITEM_AFFECTED = 13,  /* check: a file of a snapshot that the damage reaches */
  SAPDR_ITEM_NOTICE = 14,    /* check: unusual, but no data is in danger */
  SAPDR_ITEM_REMOVED = 15    /* restore: was not in the snapshot (in a plan: will be removed) */
};

/* One item. All pointers are borrowed for the duration of the call and may be NULL. */
typedef struct sapdr_item {
  uint32_t struct_size;
  int32_t action;           /* SAPDR_ITEM_* */
  sapdr_status status;      /* SAPDR_OK, or why it failed */
  int32_t reserved;
  const char *path;         /* path of the file, any byte; has a NUL behind it */
  size_t path_size;
  uint64_t size;            /* bytes of the file or object, 0 if unknown */
  const char *object_type;  /* "pack", "blob", "tree", "index", "snapshot", "key", "lock" */
  const char *object_id;    /* hexadecimal */
  const char *snapshot_id;  /* hexadecimal: the snapshot that is affected, or, if the item is a
                               snapshot itself, the one that it became */
  const char *message;      /* one line */
} sapdr_item;

typedef struct sapdr_observer {
  uint32_t struct_size;
  uint32_t min_interval_ms; /* least time between two progress calls; 0: 100 */
  void *user;
  /* Non-zero stops the operation with SAPDR_E_CALLBACK. */
  int32_t (*on_progress)(void *user, const sapdr_progress *progress);
  /* Non-zero stops the operation with SAPDR_E_CALLBACK. */
  int32_t (*on_item)(void *user, const sapdr_item *item);
} sapdr_observer;

/* "new", "modified", … for SAPDR_ITEM_*; "prepare", "read", … for SAPDR_PHASE_*; "unknown" for
 * anything else. Static, never NULL, any thread. @since 0.1 */
SAPDR_API const char *sapdr_item_action_name(int32_t action);
SAPDR_API const char *sapdr_phase_name(int32_t phase);

SAPDR_END_DECLS

#endif
