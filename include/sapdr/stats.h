/* Stats: how big snapshots are, and what they cost in storage. */
#ifndef SAPDR_STATS_H
#define SAPDR_STATS_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_stats_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t snapshots;
  uint64_t files;             /* files of all the snapshots, each as often as it is in one */
  uint64_t restore_bytes;     /* what restoring them all would write */
  uint64_t blobs;             /* different blobs they need */
  uint64_t plain_bytes;       /* plaintext bytes of those blobs */
  uint64_t stored_bytes;      /* bytes of those blobs as stored */
  uint64_t repository_bytes;  /* bytes of all packs of the repository */
} sapdr_stats_result;

/* Statistics of the snapshots that match `filter`, or of the one that `snapshot` names if it is
 * not NULL. restore_bytes / plain_bytes is the deduplication ratio, plain_bytes / stored_bytes the
 * compression ratio. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_stats_run(sapdr_stats_result *result,
                                                       sapdr_repo *repo, const char *snapshot,
                                                       const sapdr_snapshot_filter *filter,
                                                       sapdr_cancel *cancel, sapdr_error **err);

SAPDR_END_DECLS

#endif
