/* Prune: data that no snapshot needs any more goes away.
 *
 * First a plan that can be shown, then the run. The long part of a run, moving what is needed out of
 * packs that hold much that is not, lets backups go on. Only its last part, which is short, has to
 * be alone. Packs leave the index first and the storage only a grace period later, with the prune
 * that finds it over: whoever wrote under a lock that was lost gets noticed until then. A prune can
 * be killed at any moment; the next one goes on.
 */
#ifndef SAPDR_PRUNE_H
#define SAPDR_PRUNE_H

#include <sapdr/repository.h>

SAPDR_BEGIN_DECLS

/* For grace_ns: packs leave the storage at once. Only when it is sure that nobody else is writing,
 * or space is needed now. */
#define SAPDR_GRACE_NONE (-1)

typedef struct sapdr_prune_options {
  uint32_t struct_size;
  int32_t repack_small;            /* 1: put packs together that are far smaller than pack_size */
  const sapdr_observer *observer;  /* copied; its callbacks serve the plan and the run */
  sapdr_cancel *cancel;
  const char *max_unused;          /* what may stay unused in packs: "5%" of all, "10G",
                                      "unlimited"; NULL: "5%" */
  uint64_t max_repack_size;        /* bytes of the packs that are repacked at most; 0: any, so 1
                                      is to repack nothing */
  int64_t grace_ns;                /* 0: 24 hours; SAPDR_GRACE_NONE */
  const char *const *without_snapshots; /* full ids: plans as if they were forgotten; the plan runs
                                           once they are, or with `forget` */
  size_t n_without_snapshots;
  int32_t forget;                  /* 1: the run removes without_snapshots, as soon as it is alone */
  int32_t reserved;
} sapdr_prune_options;

/* What a plan will do, or a run did. Bytes are those of packs and blobs as stored. */
typedef struct sapdr_prune_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t snapshots;
  uint64_t blobs_used;
  uint64_t bytes_used;
  uint64_t blobs_unused;
  uint64_t bytes_unused;
  uint64_t blobs_duplicate;    /* further copies of used blobs */
  uint64_t bytes_duplicate;
  uint64_t packs_total;        /* in storage, before */
  uint64_t bytes_total;
  uint64_t packs_repacked;
  uint64_t bytes_repacked;     /* moved to new packs */
  uint64_t packs_marked;       /* leave the index and wait for their removal */
  uint64_t bytes_marked;
  uint64_t packs_waiting;      /* marked by an earlier prune, and not due yet */
  uint64_t bytes_waiting;
  int64_t due_ns;              /* from this time on a prune removes all that are marked or waiting;
                                  0: there are none */
  uint64_t packs_removed;      /* from storage */
  uint64_t bytes_removed;
  uint64_t bytes_unused_after; /* stay in packs that are needed */
  uint64_t elapsed_ns;
  uint64_t snapshots_removed;  /* by a run with `forget` */
} sapdr_prune_stats;

typedef struct sapdr_prune_plan sapdr_prune_plan;

/* Plans a prune and changes nothing. Everything in `options` but observer callbacks and cancel is
 * copied. SAPDR_E_CORRUPT if something that a snapshot needs is missing or cannot be read: nothing
 * is removed from a damaged repository. Holds a shared lock until its run is over or it is freed;
 * keep the repository open as long. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_prune_plan_new(sapdr_prune_plan **out,
                                                            sapdr_repo *repo,
                                                            const sapdr_prune_options *options,
                                                            sapdr_error **err);

/* What the plan will do; `stats` must be started with SAPDR_INIT. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_prune_plan_stats(const sapdr_prune_plan *plan,
                                                              sapdr_prune_stats *stats,
                                                              sapdr_error **err);

/* Runs the plan, once. `result` may be NULL; it is filled in whatever the status is.
 * SAPDR_E_LOCKED if others use the repository when the run has to be alone (it waits as long as the
 * repository's retry_lock_ns says): what was moved stays moved. SAPDR_E_INVALID_STATE if another
 * prune came between (the error then has SAPDR_RETRY_YES: make a new plan), if one of
 * without_snapshots is there and it may not forget, or if the repository was opened without locks.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_prune_plan_run(sapdr_prune_stats *result,
                                                            sapdr_prune_plan *plan,
                                                            sapdr_error **err);
SAPDR_API void sapdr_prune_plan_free(sapdr_prune_plan *plan); /* NULL allowed; @since 0.1 */

SAPDR_END_DECLS

#endif
