/* Sources of your own: streams that are made one after the other become files of one snapshot.
 *
 * OVERVIEW
 *   sapdr_backup_streams wants all its streams at once. A database with ten thousand collections
 *   cannot open ten thousand cursors: it fills in a sapdr_source_table, whose `next` makes a stream
 *   when one is wanted. Each is closed when it was read; at most `max_open` exist at once.
 *
 * USAGE
 *   sapdr_source_table source;
 *   const char *paths[] = {"/mongodb"};
 *   SAPDR_INIT(&source);
 *   source.user = my_dump;  source.next = my_next;
 *   source.paths = paths;   source.n_paths = 1;
 *   sapdr_backup_source(&result, repo, &source, NULL, &err);
 *
 * VALIDITY
 *   Everything in the table must stay as it is until the call returns. All streams are closed by
 *   then. Functions must not unwind (no exception, no longjmp) and must not use the repository.
 */
#ifndef SAPDR_EXT_SOURCE_H
#define SAPDR_EXT_SOURCE_H

#include <sapdr/backup.h>

SAPDR_BEGIN_DECLS

typedef struct sapdr_source_table {
  uint32_t struct_size;
  uint32_t max_open;         /* streams between `next` and their `close`; 0: as many as the context
                                has threads. With 1 each is closed before the next one is made */
  void *user;                /* handed to `next` */
  const char *const *paths;  /* what the snapshot names: every stream is one of them, or below one;
                                absolute */
  size_t n_paths;            /* 0: the path "/" */
  /* Fills in `stream`, which is started and empty, or leaves its path NULL: that was the last. The
   * path is copied; `user`, `read` and `close` of the stream are used until it is closed.
   * Streams of one folder, and of folders below it, come one after the other: a folder that was
   * left is not entered again. Called on one thread, one call at a time, and not again after the
   * end or a failure. A failure (and optionally *err, which the library takes over) fails the run:
   * no snapshot is stored. */
  sapdr_status (*next)(void *user, sapdr_stream *stream, sapdr_error **err);
} sapdr_source_table;

/* Backs up what `source` yields into one snapshot; streams fail the run as with
 * sapdr_backup_streams. SAPDR_E_INVALID_ARGUMENT for a path that is not absolute, holds "..", comes
 * twice, is below none of `paths`, or leads back into a folder that was left. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backup_source(sapdr_backup_result *result,
                                                           sapdr_repo *repo,
                                                           const sapdr_source_table *source,
                                                           const sapdr_backup_options *options,
                                                           sapdr_error **err);

SAPDR_END_DECLS

#endif
