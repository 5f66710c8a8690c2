/* Verify: are these local files still what the snapshot says? Nothing is restored, no data is
 * fetched: files are read, cut where the snapshot's blobs lie, and hashed. */
#ifndef SAPDR_VERIFY_H
#define SAPDR_VERIFY_H

#include <sapdr/tree.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_verify_options {
  uint32_t struct_size;
  int32_t strict;                 /* 1: metadata that differs and extra files count too */
  const sapdr_observer *observer; /* on_item tells each difference */
  sapdr_cancel *cancel;
  const char *const *includes;    /* as for a restore */
  size_t n_includes;
  const char *const *excludes;
  size_t n_excludes;
} sapdr_verify_options;

typedef struct sapdr_verify_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t files;       /* files compared */
  uint64_t bytes;       /* bytes read */
  uint64_t matching;    /* items that are as in the snapshot */
  uint64_t missing;
  uint64_t differing;   /* content or type differs */
  uint64_t metadata;    /* only metadata differs */
  uint64_t extra;       /* not in the snapshot */
  uint64_t failed;      /* could not be read */
  uint64_t elapsed_ns;
} sapdr_verify_result;

/* Compares the folder `target` (NULL: where the files came from) with a snapshot ("ID", "latest",
 * "ID:/folder"). SAPDR_E_CHECKSUM if something is missing or differs, SAPDR_E_INCOMPLETE if
 * something could not be read. `result` may be NULL and is filled in whatever the status is.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_verify_run(sapdr_verify_result *result,
                                                        sapdr_repo *repo, const char *snapshot,
                                                        const sapdr_snapshot_filter *filter,
                                                        const char *target,
                                                        const sapdr_verify_options *options,
                                                        sapdr_error **err);

SAPDR_END_DECLS

#endif
