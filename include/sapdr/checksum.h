/* Checksums: SHA-256 of data, streams, files and whole folders; manifests of them, written so that
 * `sha256sum -c` of GNU coreutils accepts them, and verified. No repository is needed.
 *
 * Paths are bytes. Of folders only regular files are read: links, devices, fifos and sockets in
 * them are skipped, and links are not followed. Files are read on all cores, each by one thread, in
 * bounded memory; they are told in the byte order of their paths, so that the same files always
 * give the same manifest.
 */
#ifndef SAPDR_CHECKSUM_H
#define SAPDR_CHECKSUM_H

#include <sapdr/cancel.h>
#include <sapdr/context.h>
#include <sapdr/id.h>
#include <sapdr/observer.h>

SAPDR_BEGIN_DECLS

/* The SHA-256 of `size` bytes at `data`, which may be NULL if there are none. Any thread.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_sha256(sapdr_id *out, const void *data, size_t size,
                                                    sapdr_error **err);

/* The SHA-256 of a stream, piece by piece; from one thread at a time. */
typedef struct sapdr_hasher sapdr_hasher;

/* A hasher that was given nothing yet. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_hasher_new(sapdr_hasher **out, sapdr_error **err);
/* The next `size` bytes. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_hasher_update(sapdr_hasher *hasher, const void *data,
                                                           size_t size, sapdr_error **err);
/* The SHA-256 of all that was given since the last call; the hasher then begins anew.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_hasher_final(sapdr_id *out, sapdr_hasher *hasher,
                                                          sapdr_error **err);
/* Frees the hasher; NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_hasher_free(sapdr_hasher *hasher);

/* The SHA-256 of one local file, read on this thread; a link is followed. SAPDR_E_NOT_FOUND,
 * SAPDR_E_INVALID_STATE if it is not a regular file. `observer` and `cancel` may be NULL.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_checksum_file(sapdr_id *out, const char *path,
                                                           const sapdr_observer *observer,
                                                           sapdr_cancel *cancel,
                                                           sapdr_error **err);

typedef struct sapdr_checksum_options {
  uint32_t struct_size;
  uint32_t reserved;
  const sapdr_observer *observer; /* on_item tells what was skipped, what changed while it was
                                     read, and what could not be read */
  sapdr_cancel *cancel;
  const char *const *paths;       /* files and folders to read, in the folder or absolute; links
                                     among them are followed; none: the whole folder */
  size_t n_paths;
  const char *const *excludes;    /* patterns as in .gitignore, "/a" is `a` in the folder; what
                                     `paths` names is not excluded */
  size_t n_excludes;
} sapdr_checksum_options;

/* What was read; filled in as far as it got, whatever the status is. */
typedef struct sapdr_checksum_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t files;
  uint64_t bytes;
  uint64_t skipped;     /* links, devices, fifos, sockets */
  uint64_t failed;      /* could not be read: they have no checksum */
  uint64_t elapsed_ns;
} sapdr_checksum_result;

/* One file. All pointers are borrowed for the duration of the call. */
typedef struct sapdr_file_checksum {
  uint32_t struct_size;
  uint32_t reserved;
  const char *path;     /* as it was found below `paths`; has a NUL behind it */
  size_t path_size;
  uint64_t size;        /* bytes that were read */
  sapdr_id sha256;
  const char *line;     /* as it stands in a manifest, with its newline; has a NUL behind it */
  size_t line_size;
} sapdr_file_checksum;

/* Tells `on_file` the SHA-256 of each file in the folder `folder`, each path once and in byte
 * order, on this thread; anything but 0 stops with SAPDR_E_CALLBACK. SAPDR_E_NOT_FOUND, before
 * anything is read, if a path does not exist; SAPDR_E_INCOMPLETE if something could not be read,
 * SAPDR_E_IO if nothing could. `result` may be NULL. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_checksum_tree(
    sapdr_checksum_result *result, sapdr_ctx *ctx, const char *folder,
    int32_t (*on_file)(void *user, const sapdr_file_checksum *file), void *user,
    const sapdr_checksum_options *options, sapdr_error **err);

/* Writes the same into the file `manifest`: in `folder`, `sha256sum -c` accepts it. It appears, or
 * replaces an older one, when it is whole and durable; if something could not be read
 * (SAPDR_E_INCOMPLETE) it is without that; after any other failure all is as it was. It never names
 * itself, wherever it lies. SAPDR_E_INVALID_ARGUMENT if there is anything but a file in its place.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_manifest_write(sapdr_checksum_result *result,
                                                            sapdr_ctx *ctx, const char *folder,
                                                            const char *manifest,
                                                            const sapdr_checksum_options *options,
                                                            sapdr_error **err);

typedef struct sapdr_manifest_verify_options {
  uint32_t struct_size;
  int32_t strict;                 /* 1: malformed lines and extra files count as differences */
  const sapdr_observer *observer; /* on_item tells what became of each line, in their order */
  sapdr_cancel *cancel;
  const char *const *paths;       /* where extra files are looked for, written as the manifest
                                     writes its names; none: nowhere */
  size_t n_paths;
  const char *const *excludes;    /* patterns: what is not extra */
  size_t n_excludes;
  int32_t ignore_missing;         /* 1: missing files are skipped, unless all are missing */
  int32_t reserved;
} sapdr_manifest_verify_options;

/* How files compare with a manifest; filled in as far as it got, whatever the status is. */
typedef struct sapdr_manifest_verify_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t files;       /* files read and compared */
  uint64_t bytes;
  uint64_t matching;
  uint64_t missing;
  uint64_t differing;   /* in content, or not a file */
  uint64_t extra;       /* not in the manifest */
  uint64_t failed;      /* could not be read */
  uint64_t malformed;   /* lines that are none; on_item names them by their number */
  uint64_t elapsed_ns;
} sapdr_manifest_verify_result;

/* Compares the files that `manifest` names, relative names seen from `folder`, with it: one that
 * sapdr_manifest_write, `sha256sum` or `sha256sum --tag` wrote. Names are only ever read, so that
 * they may be absolute or lead upwards; links are followed.
 * SAPDR_E_CHECKSUM if something is missing or differs, SAPDR_E_INCOMPLETE if a file or a line could
 * not be read, SAPDR_E_INVALID_ARGUMENT if no line has a checksum, SAPDR_E_NOT_FOUND if all files
 * are missing and missing ones are ignored. `result` may be NULL. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_manifest_verify(
    sapdr_manifest_verify_result *result, sapdr_ctx *ctx, const char *folder, const char *manifest,
    const sapdr_manifest_verify_options *options, sapdr_error **err);

SAPDR_END_DECLS

#endif
