/* Check: is everything there that the snapshots need, and is it right?
 *
 * The structure is always checked: key, config, index, packs, snapshots, trees, and that every
 * blob is where the index says. With `read_data` packs are read: their SHA-256, their header, and
 * the MAC, compression and SHA-256 of every blob in them. This takes the place of testing archives
 * (gzip -t, tar -t) and of separate checksum files: nothing can be damaged without being named.
 *
 * What was read and found right is recorded in the repository (unless it was opened without locks),
 * so that a budget a day gets round all of it, and snapshots count as verified once everything they
 * need was; damage that is found later undoes that.
 */
#ifndef SAPDR_CHECK_H
#define SAPDR_CHECK_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_check_options {
  uint32_t struct_size;
  int32_t read_data;              /* 1: read packs too */
  const sapdr_observer *observer; /* on_item tells each damage, then each file it affects */
  sapdr_cancel *cancel;
  const char *read_data_subset;   /* which packs: "2/10" the second tenth, "5%" or "10G" a random
                                     share; implies read_data; NULL: all */
  /* Rolling verification: packs that were verified longest ago are read first. Each of these
   * implies read_data and goes with no subset; 0: no such limit. */
  uint64_t budget_bytes;          /* stop when so much was read; at least one pack is */
  int64_t budget_ns;              /* begin no further pack after so long */
  int64_t max_age_ns;             /* not what was verified within this time */
} sapdr_check_options;

typedef struct sapdr_check_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t snapshots;           /* snapshots walked */
  uint64_t trees;               /* different trees read */
  uint64_t packs;               /* packs that the index names */
  uint64_t packs_read;
  uint64_t bytes_read;
  uint64_t packs_unreferenced;  /* packs that no index names: left to prune, no damage */
  uint64_t problems;            /* damaged or missing objects, each told as an item */
  uint64_t snapshots_affected;
  uint64_t files_affected;      /* files that cannot be restored whole, over all snapshots */
  uint64_t packs_never_verified; /* after this run */
  int64_t oldest_unverified_ns; /* how long the pack that waits longest has not been verified (or
                                   is stored, if it never was) */
  uint64_t elapsed_ns;
} sapdr_check_result;

/* Runs a check. `result` may be NULL and is filled in whatever the status is. SAPDR_E_CORRUPT if
 * there was damage. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_check_run(sapdr_check_result *result,
                                                       sapdr_repo *repo,
                                                       const sapdr_check_options *options,
                                                       sapdr_error **err);

SAPDR_END_DECLS

#endif
