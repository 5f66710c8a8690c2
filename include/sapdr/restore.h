/* Restore: a snapshot, or a part of it, becomes files again.
 *
 * First a plan, which compares the snapshot with the target and touches nothing; then the run.
 * Nothing is ever written outside the target, whatever a snapshot says: symbolic links in the
 * target are not followed below it. Metadata comes last, folders after what is in them. A damaged
 * or missing blob costs the files that need it (named in items, SAPDR_E_INCOMPLETE), all else is
 * restored.
 */
#ifndef SAPDR_RESTORE_H
#define SAPDR_RESTORE_H

#include <sapdr/tree.h>

SAPDR_BEGIN_DECLS

/* What happens to files that exist in the target. A file of the same size and time counts as
 * right and is left alone, except with ALWAYS. */
enum {
  SAPDR_OVERWRITE_IF_CHANGED = 0, /* replace what differs in size or time */
  SAPDR_OVERWRITE_ALWAYS = 1,     /* replace everything */
  SAPDR_OVERWRITE_IF_NEWER = 2,   /* replace only what is older than in the snapshot */
  SAPDR_OVERWRITE_NEVER = 3       /* leave every existing file alone */
};

typedef struct sapdr_restore_options {
  uint32_t struct_size;
  int32_t overwrite;              /* SAPDR_OVERWRITE_* */
  const sapdr_observer *observer; /* copied; its callbacks serve the plan and the run */
  sapdr_cancel *cancel;
  const char *const *includes;    /* only what matches one of these patterns; none: all */
  size_t n_includes;
  const char *const *excludes;    /* not what matches one of these */
  size_t n_excludes;
  int32_t verify;                 /* 1: read every restored file again and compare */
  int32_t no_owner;               /* 1: do not set owners (done anyway without privilege) */
  int32_t no_sparse;              /* 1: write runs of zeros instead of leaving holes */
  int32_t remove_extra;           /* 1: what is in the target (and selected) and not in the snapshot
                                     is removed, last, and only if nothing failed */
} sapdr_restore_options;

/* What a plan will do, or a run did. */
typedef struct sapdr_restore_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t dirs;
  uint64_t files;           /* files to write, or written */
  uint64_t others;          /* links, devices, fifos */
  uint64_t files_unchanged; /* already right */
  uint64_t files_skipped;   /* left alone because of the overwrite policy */
  uint64_t items_failed;
  uint64_t items_removed;   /* files and folders that were not in the snapshot */
  uint64_t bytes;           /* bytes of the files to write, or written */
  uint64_t bytes_fetched;   /* bytes read from storage (0 in a plan) */
  uint64_t packs;           /* packs to read from, or read */
  uint64_t bytes_verified;
  uint64_t elapsed_ns;
} sapdr_restore_stats;

typedef struct sapdr_restore_plan sapdr_restore_plan;

/* Plans a restore of a snapshot ("ID", "latest", "ID:/folder") into the folder `target`, which is
 * created by the run. NULL as target means in place: where the files came from. Everything in
 * `options` but observer callbacks and cancel is copied. Tells each item through on_item.
 * SAPDR_E_NOT_FOUND if an include matches nothing. Keep the repository open as long as the plan.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_restore_plan_new(sapdr_restore_plan **out,
                                                              sapdr_repo *repo,
                                                              const char *snapshot,
                                                              const sapdr_snapshot_filter *filter,
                                                              const char *target,
                                                              const sapdr_restore_options *options,
                                                              sapdr_error **err);

/* What the plan will do; `stats` must be started with SAPDR_INIT. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_restore_plan_stats(const sapdr_restore_plan *plan,
                                                                sapdr_restore_stats *stats,
                                                                sapdr_error **err);

/* The snapshot that the plan restores. Borrowed. @since 0.1 */
SAPDR_API const sapdr_snapshot *sapdr_restore_plan_snapshot(const sapdr_restore_plan *plan);

/* The folder it goes to, absolute. Borrowed. @since 0.1 */
SAPDR_API const char *sapdr_restore_plan_target(const sapdr_restore_plan *plan);

/* Warming up packs that cannot be read at once, as those in the archive tier of Azure. */
typedef struct sapdr_warm_up_options {
  uint32_t struct_size;
  uint32_t reserved;
  int64_t wait_ns;     /* wait so long until all of them can be read; 0: do not wait */
  int64_t interval_ns; /* between two looks; 0: a minute, or a tenth of the wait if that is less */
} sapdr_warm_up_options;

typedef struct sapdr_warm_up_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t packs;      /* that the plan reads from */
  uint64_t asked;      /* that were asked for by this call */
  uint64_t waiting;    /* that cannot be read yet */
  uint64_t elapsed_ns;
} sapdr_warm_up_result;

/* Asks the storage for those packs that the plan needs and that cannot be read, and for no others,
 * and waits for them if that is wanted, which may take hours. As often as wanted, before the run; the
 * observer and the cancel handle of the plan serve. Storage that has all at hand is done at once.
 * `result` may be NULL; it is filled in whatever the status is. SAPDR_E_TIMEOUT if some cannot be read
 * after the wait. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_restore_plan_warm_up(
    sapdr_warm_up_result *result, sapdr_restore_plan *plan, const sapdr_warm_up_options *options,
    sapdr_error **err);

/* Runs the plan, once. `result` may be NULL; it is filled in whatever the status is.
 * SAPDR_E_INCOMPLETE if an item failed, SAPDR_E_CHECKSUM if verification found a difference,
 * SAPDR_E_NO_SPACE before the first byte if the target is too small. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_restore_plan_run(sapdr_restore_stats *result,
                                                              sapdr_restore_plan *plan,
                                                              sapdr_error **err);
SAPDR_API void sapdr_restore_plan_free(sapdr_restore_plan *plan); /* NULL allowed; @since 0.1 */

SAPDR_END_DECLS

#endif
