/* Forget: snapshots go, by name or by a policy. What only they needed stays in storage until a
 * prune (sapdr/prune.h), so a snapshot that was forgotten by mistake costs no data until then.
 *
 * First a plan that can be shown, then the run.
 */
#ifndef SAPDR_FORGET_H
#define SAPDR_FORGET_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

/* For the counts of a policy: all of that period. */
#define SAPDR_KEEP_UNLIMITED UINT32_MAX

/* By what snapshots are put into groups; the policy is applied to each group. Bits. */
enum {
  SAPDR_GROUP_BY_HOST = 1,
  SAPDR_GROUP_BY_PATHS = 2,
  SAPDR_GROUP_BY_TAGS = 4,
  SAPDR_GROUP_BY_NOTHING = 8 /* alone: all snapshots are one group */
};

/* What to keep, as restic understands it: the newest snapshot of each of the last n hours, days, …
 * in which there is one, by the local calendar; while counts are left, the oldest one as well. Spans
 * of time are written "1y5m7d2h" and reach back from the newest snapshot of the group. */
typedef struct sapdr_forget_options {
  uint32_t struct_size;
  uint32_t group_by;                /* SAPDR_GROUP_BY_*; 0: host and paths */
  const sapdr_observer *observer;   /* copied; its callbacks serve the run */
  sapdr_cancel *cancel;
  uint32_t keep_last;
  uint32_t keep_hourly;
  uint32_t keep_daily;
  uint32_t keep_weekly;
  uint32_t keep_monthly;
  uint32_t keep_yearly;
  const char *keep_within;          /* everything in this span; NULL: no such rule */
  const char *keep_within_hourly;   /* one of each hour, day, … in this span */
  const char *keep_within_daily;
  const char *keep_within_weekly;
  const char *keep_within_monthly;
  const char *keep_within_yearly;
  const char *const *keep_tags;     /* each "a,b": what has all these tags */
  size_t n_keep_tags;
  const char *const *snapshots;     /* just these go (ids, prefixes, "latest"), without a policy */
  size_t n_snapshots;
  int32_t allow_remove_all;         /* 1: a group may lose its last snapshot */
  int32_t reserved;
} sapdr_forget_options;

typedef struct sapdr_forget_plan sapdr_forget_plan;

/* What becomes of one snapshot; everything is borrowed from the plan. */
typedef struct sapdr_forget_decision {
  uint32_t struct_size;
  int32_t keep;                    /* 0: it goes */
  const sapdr_snapshot *snapshot;
  size_t group;                    /* number of its group, from 0 */
  const char *reasons;             /* why it is kept, separated by ", "; "" if it goes */
} sapdr_forget_decision;

/* Decides about the snapshots that match `filter` (NULL: all) and removes nothing. Everything in
 * `options` but observer callbacks and cancel is copied. SAPDR_E_INVALID_ARGUMENT if nothing says
 * what to keep or if a group would lose all its snapshots, SAPDR_E_NOT_FOUND for a name,
 * SAPDR_E_CORRUPT if a snapshot cannot be read. Holds a shared lock until it is freed; keep the
 * repository open as long. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_forget_plan_new(sapdr_forget_plan **out,
                                                             sapdr_repo *repo,
                                                             const sapdr_snapshot_filter *filter,
                                                             const sapdr_forget_options *options,
                                                             sapdr_error **err);

/* Snapshots that were decided about, group by group, newest first. @since 0.1 */
SAPDR_API size_t sapdr_forget_plan_size(const sapdr_forget_plan *plan);

/* `decision` must be started with SAPDR_INIT. SAPDR_E_INVALID_ARGUMENT past the end. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_forget_plan_at(const sapdr_forget_plan *plan,
                                                            size_t at,
                                                            sapdr_forget_decision *decision,
                                                            sapdr_error **err);

/* Removes what is not kept, once. `*removed` (may be NULL) receives how many, whatever the status
 * is. SAPDR_E_INVALID_STATE if the repository was opened without locks. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_forget_plan_run(uint64_t *removed,
                                                             sapdr_forget_plan *plan,
                                                             sapdr_error **err);
SAPDR_API void sapdr_forget_plan_free(sapdr_forget_plan *plan); /* NULL allowed; @since 0.1 */

SAPDR_END_DECLS

#endif
