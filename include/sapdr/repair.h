/* Repair: what is left of a damaged repository becomes a sound one again.
 *
 * In this order: the index from the packs, packs without what is damaged in them, snapshots without
 * what is gone. Back up first what is still at hand: blobs that a backup stores anew need no
 * repair. Nothing is removed that could still be of use: packs are marked, and leave the storage
 * with a prune after its grace period; damaged snapshots stay unless they are to be forgotten.
 * Items tell everything that is damaged or left out.
 */
#ifndef SAPDR_REPAIR_H
#define SAPDR_REPAIR_H

#include <sapdr/snapshot.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_repair_options {
  uint32_t struct_size;
  int32_t dry_run;                /* 1: say what would be done, write nothing */
  const sapdr_observer *observer; /* on_item tells what is damaged, lost or left out */
  sapdr_cancel *cancel;
  int32_t read_all_packs;   /* index: read the headers of all packs, not only of those that
                               the index does not name or that have another size */
  int32_t forget;           /* snapshots: remove damaged ones once repaired ones are stored */
  const char *const *names; /* packs: ids or prefixes of those to look at; snapshots: ids,
                               prefixes or "latest"; none: all */
  size_t n_names;
} sapdr_repair_options;

typedef struct sapdr_repair_index_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t packs;         /* that the index names now */
  uint64_t packs_read;    /* whose headers were read */
  uint64_t packs_added;   /* that no index named */
  uint64_t packs_changed; /* in which there is something else than the index said */
  uint64_t packs_dropped; /* that the index named and that are missing */
  uint64_t index_files_damaged;
  uint64_t problems; /* told as items */
  uint64_t elapsed_ns;
} sapdr_repair_index_result;

/* Makes the index say what the packs in storage hold. Takes an exclusive lock. `result` may be NULL
 * and is filled in whatever the status is. SAPDR_E_INCOMPLETE if a pack has no header that can be
 * read. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repair_index(sapdr_repair_index_result *result,
                                                          sapdr_repo *repo,
                                                          const sapdr_repair_options *options,
                                                          sapdr_error **err);

typedef struct sapdr_repair_packs_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t packs_read;
  uint64_t bytes_read;
  uint64_t packs_damaged;
  uint64_t blobs_saved; /* moved to new packs */
  uint64_t blobs_lost;  /* no copy is right; told as items */
  uint64_t elapsed_ns;
} sapdr_repair_packs_result;

/* Reads packs whole, moves what is right out of damaged ones and takes those out of the index.
 * Takes an exclusive lock. `result` may be NULL and is filled in whatever the status is.
 * SAPDR_E_INCOMPLETE if blobs are lost. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repair_packs(sapdr_repair_packs_result *result,
                                                          sapdr_repo *repo,
                                                          const sapdr_repair_options *options,
                                                          sapdr_error **err);

typedef struct sapdr_repair_snapshots_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t snapshots; /* looked at */
  uint64_t snapshots_repaired;
  uint64_t snapshots_lost; /* nothing of them is left */
  uint64_t snapshots_removed;
  uint64_t files_dropped; /* each different folder counts once */
  uint64_t folders_dropped;
  uint64_t elapsed_ns;
} sapdr_repair_snapshots_result;

/* Stores, for each snapshot that needs something which is gone, one without the files and folders
 * that need it, tagged "repaired": a file is whole or left out. Only those that match `filter`
 * (NULL: all, also those that cannot be read). Takes a shared lock. `result` may be NULL and is
 * filled in whatever the status is. SAPDR_E_INCOMPLETE if there was such a snapshot. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repair_snapshots(sapdr_repair_snapshots_result *result,
                                                              sapdr_repo *repo,
                                                              const sapdr_snapshot_filter *filter,
                                                              const sapdr_repair_options *options,
                                                              sapdr_error **err);

SAPDR_END_DECLS

#endif
