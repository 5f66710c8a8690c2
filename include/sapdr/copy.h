/* Copy: snapshots of one repository, with all that they need, into another one.
 *
 * Both may have different keys, versions and chunker polynomials. Each blob that the destination
 * lacks is fetched and proven, then compressed and sealed anew, and proven again; files are not cut
 * anew. A snapshot is in the destination when all that it needs is durable there. It keeps its
 * time, host, tags and trees; it gets another id and names the first one as its original. That it
 * was verified is not true of its copy: check the destination.
 *
 * A run that was ended, in whatever way, is begun again: snapshots that were copied are skipped,
 * and what was stored and indexed of the others is found again.
 */
#ifndef SAPDR_COPY_H
#define SAPDR_COPY_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_copy_options {
  uint32_t struct_size;
  int32_t dry_run;                /* 1: find out what is missing, store nothing */
  const sapdr_observer *observer; /* on_item tells each snapshot, with its id in the source as
                                     object_id: SAPDR_ITEM_NEW or SAPDR_ITEM_SKIPPED, with its id in
                                     the destination as snapshot_id, or SAPDR_ITEM_FAILED; and each
                                     index of the source that is damaged: SAPDR_ITEM_DAMAGED.
                                     Progress counts blobs, and bytes as the source stores them */
  sapdr_cancel *cancel;
} sapdr_copy_options;

typedef struct sapdr_copy_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t snapshots_copied;
  uint64_t snapshots_skipped; /* are in the destination already: the same, or a copy */
  uint64_t snapshots_failed;  /* need something of the source that is damaged: named in items */
  uint64_t data_blobs_new;    /* blobs that the destination lacked */
  uint64_t tree_blobs_new;
  uint64_t bytes_new;         /* plaintext bytes of these */
  uint64_t bytes_stored;      /* bytes of these as stored, before pack headers; 0 in a dry run */
  uint64_t packs_new;         /* 0 in a dry run */
  uint64_t bytes_fetched;     /* read from the packs of the source; 0 in a dry run */
  uint64_t elapsed_ns;
} sapdr_copy_result;

/* Copies the named snapshots of `from` ("latest" of those that match `filter`, ids or unique
 * prefixes), or if `n_snapshots` is 0 all that match, into `repo`. Takes a shared lock of both
 * (none of one that was opened with `no_lock`). `result` may be NULL and is filled in whatever the
 * status is. SAPDR_E_INCOMPLETE if snapshots could not be copied because of damage in the source;
 * all others were. SAPDR_E_NOT_FOUND or SAPDR_E_AMBIGUOUS for a name, before anything is copied;
 * SAPDR_E_INVALID_ARGUMENT if both are one handle. Neither may be used by another thread meanwhile.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_copy_run(sapdr_copy_result *result, sapdr_repo *repo,
                                                      sapdr_repo *from,
                                                      const char *const *snapshots,
                                                      size_t n_snapshots,
                                                      const sapdr_snapshot_filter *filter,
                                                      const sapdr_copy_options *options,
                                                      sapdr_error **err);

SAPDR_END_DECLS

#endif
