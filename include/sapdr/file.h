/* Files of a snapshot, read from anywhere: a header, a member of an archive, the rows of one
 * tensor, without restoring the file.
 *
 * A file is stored in blobs of about 1 MiB. A read fetches those that it touches, each proven by
 * its MAC and SHA-256, and nothing else. The blobs used last are kept (8, at most 32 MiB); who
 * reads from front to back has the next ones loaded on all threads meanwhile.
 */
#ifndef SAPDR_FILE_H
#define SAPDR_FILE_H

#include <sapdr/tree.h>

SAPDR_BEGIN_DECLS

/* An open file of a snapshot. It holds a lock of the repository until it is freed. */
typedef struct sapdr_file sapdr_file;

typedef struct sapdr_file_options {
  uint32_t struct_size;
  uint32_t reserved;
  sapdr_cancel *cancel; /* stops the opening and every read; must outlive the file */
} sapdr_file_options;

/* Opens the file `path`, absolute in a snapshot ("ID", "latest", "ID:/folder"). Reads no content.
 * SAPDR_E_NOT_FOUND, SAPDR_E_INVALID_ARGUMENT if it is not a file, SAPDR_E_CORRUPT if a part of it
 * is in no pack that the index names. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_file_open(sapdr_file **out, sapdr_repo *repo,
                                                       const char *snapshot,
                                                       const sapdr_snapshot_filter *filter,
                                                       const char *path,
                                                       const sapdr_file_options *options,
                                                       sapdr_error **err);

/* Reads from `offset` on into `buffer`. `*size` receives the number of bytes: `capacity`, or less
 * where the file ends; 0 at and behind its end. All or nothing: SAPDR_E_CORRUPT if a blob that the
 * read touches is damaged, and `*size` is 0 then; other reads are not affected. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_file_read(sapdr_file *file, uint64_t offset,
                                                       void *buffer, size_t capacity,
                                                       size_t *size, sapdr_error **err);

/* Getters: 0 or NULL for NULL. All @since 0.1 */
SAPDR_API uint64_t sapdr_file_size(const sapdr_file *file);
/* Where the blob ends that holds the byte at `offset`: a read up to there fetches one blob only.
 * The size of the file at and behind its end. */
SAPDR_API uint64_t sapdr_file_blob_end(const sapdr_file *file, uint64_t offset);
/* What the snapshot says of the file. Borrowed. */
SAPDR_API const sapdr_node *sapdr_file_node(const sapdr_file *file);
/* The snapshot it is in. Borrowed. */
SAPDR_API const sapdr_snapshot *sapdr_file_snapshot(const sapdr_file *file);

SAPDR_API void sapdr_file_free(sapdr_file *file); /* before its repository; @since 0.1 */

SAPDR_END_DECLS

#endif
