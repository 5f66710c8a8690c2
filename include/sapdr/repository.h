/* Repositories: create one, open one by its password.
 *
 * A repository is what restic calls one, format version 2 (version 1 can be read and written).
 * Any number of processes and machines may back up into it at once. Opening reads the key files
 * and the config; the index is read by the first operation that needs it. Every operation takes
 * the lock that restic's rules ask for, refreshes it while it runs, and removes it.
 */
#ifndef SAPDR_REPOSITORY_H
#define SAPDR_REPOSITORY_H

#include <sapdr/backend.h>
#include <sapdr/cancel.h>
#include <sapdr/id.h>
#include <sapdr/observer.h>

SAPDR_BEGIN_DECLS

/* A repository that is open. Getters may be called from any thread; operations on one handle from
 * one thread at a time. */
typedef struct sapdr_repo sapdr_repo;

/* How hard to look for what can be saved of data. Folders are compressed in any case. */
enum {
  SAPDR_COMPRESSION_AUTO = 0,    /* quick, and at once through with what has nothing to find */
  SAPDR_COMPRESSION_OFF = 1,
  SAPDR_COMPRESSION_FASTEST = 2, /* a little quicker than auto, and larger */
  SAPDR_COMPRESSION_MAX = 3,     /* documents a ninth smaller than auto, in 30 times the time */
  SAPDR_COMPRESSION_BETTER = 4   /* documents a twelfth smaller, in three to four times the time. It
                                    and max are auto where a sample says that they are of no use */
};

/* How data is compressed, for the life of a repository. */
enum {
  SAPDR_CODEC_ZSTD = 0,       /* as restic does it */
  SAPDR_CODEC_TENSOR = 1      /* weights of models by planes of bytes, a third smaller; everything
                                 else with zstd. Other programs refuse such a repository: copy its
                                 snapshots into one without it (copy.h) for them to read */
};

typedef struct sapdr_repo_init_options {
  uint32_t struct_size;
  uint32_t version;          /* repository version, 1 or 2; 0: 2 */
  const char *password;      /* bytes; wiped from the library's own memory after use */
  size_t password_size;
  uint32_t scrypt_n;         /* cost of the key derivation, a power of two; 0: 32768 */
  uint32_t scrypt_r;         /* 0: 8 */
  uint32_t scrypt_p;         /* 0: 6 */
  int32_t codec;             /* SAPDR_CODEC_* */
  const sapdr_repo *copy_chunker_params; /* a repository that files are to be cut alike, so that
                                            what is copied from one to the other and what is backed
                                            up into it has the same blobs; NULL: cut as no other */
  const sapdr_cancel *cancel; /* stops what waits for the storage; NULL: nothing does */
} sapdr_repo_init_options;

typedef struct sapdr_repo_open_options {
  uint32_t struct_size;
  int32_t compression;       /* SAPDR_COMPRESSION_*: how this handle writes */
  const char *password;
  size_t password_size;
  const char *key_hint;      /* id of the key file to try first; NULL: none */
  uint32_t pack_size_mib;    /* size of the packs this handle writes, 4 to 128; 0: 16 */
  int32_t no_lock;           /* 1: take no lock, for reading from read-only storage; what would
                                change the repository is SAPDR_E_INVALID_STATE then */
  int32_t no_verify_blobs;   /* 1: do not decrypt and compare each blob before it is stored */
  int32_t reserved;
  int64_t retry_lock_ns;     /* how long to wait for a lock held by others; 0: fail at once */
  const char *cache_dir;     /* folder of the caches of remote repositories (cache.h), made if it is
                                missing; NULL: no cache. Storage of the caller's counts as remote,
                                a local folder and memory do not. One that cannot be used is a
                                record in the log, no failure */
  uint64_t cache_size;       /* bytes that all caches in there may take, the least recently used
                                files go first; 0: 10 GiB */
  const sapdr_cancel *cancel; /* stops what waits for the storage, which may be away; NULL: nothing
                                does. Used by this call only, not by what is done with the handle */
} sapdr_repo_open_options;

/* Creates a repository on `backend` and opens it. SAPDR_E_EXISTS if there is one already;
 * SAPDR_E_INVALID_ARGUMENT for an empty password. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repo_init(sapdr_repo **out, sapdr_ctx *ctx,
                                                       sapdr_backend *backend,
                                                       const sapdr_repo_init_options *options,
                                                       sapdr_error **err);

/* Opens a repository. SAPDR_E_NO_REPOSITORY if there is none, SAPDR_E_AUTH if no key opens with
 * this password, SAPDR_E_UNSUPPORTED for a newer repository version, SAPDR_E_CORRUPT if the
 * config is damaged. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repo_open(sapdr_repo **out, sapdr_ctx *ctx,
                                                       sapdr_backend *backend,
                                                       const sapdr_repo_open_options *options,
                                                       sapdr_error **err);

/* The id in the repository's config, hexadecimal. Borrowed. @since 0.1 */
SAPDR_API const char *sapdr_repo_id(const sapdr_repo *repo);

/* The repository version, 1 or 2. @since 0.1 */
SAPDR_API uint32_t sapdr_repo_version(const sapdr_repo *repo);

/* SAPDR_CODEC_*. @since 0.1 */
SAPDR_API int32_t sapdr_repo_codec(const sapdr_repo *repo);

/* The location it was opened at, without secrets. Borrowed. @since 0.1 */
SAPDR_API const char *sapdr_repo_location(const sapdr_repo *repo);

/* Frees the handle; not while an operation on it runs. NULL is allowed. @since 0.1 */
SAPDR_API void sapdr_repo_free(sapdr_repo *repo);

/* Removes locks that are stale: older than 30 minutes, or of a process of this host that is gone.
 * `all` non-zero removes every lock: only when no other process uses the repository.
 * `*removed`, which may be NULL, receives the number. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repo_unlock(sapdr_repo *repo, int32_t all,
                                                         uint64_t *removed, sapdr_error **err);

/* A piece of memory owned by the library, for results whose size is not known before. */
typedef struct sapdr_buffer sapdr_buffer;
SAPDR_API const void *sapdr_buffer_data(const sapdr_buffer *buffer); /* borrowed; @since 0.1 */
SAPDR_API size_t sapdr_buffer_size(const sapdr_buffer *buffer);      /* @since 0.1 */
SAPDR_API void sapdr_buffer_free(sapdr_buffer *buffer); /* NULL is allowed; @since 0.1 */

/* The plaintext of one stored object. `type` is "config", "index", "snapshot", "key", "lock",
 * "blob", "pack" (the file as it is stored) or "masterkey" (secret!); `id` is its id or a unique
 * prefix of at least one digit (a blob's id in full), NULL for "config" and "masterkey".
 * SAPDR_E_NOT_FOUND, SAPDR_E_AMBIGUOUS, SAPDR_E_CORRUPT. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repo_cat(sapdr_buffer **out, sapdr_repo *repo,
                                                      const char *type, const char *id,
                                                      sapdr_error **err);

/* Calls `each` with the id of every stored object of a type: "key", "lock", "snapshot", "index",
 * "pack" or "blob" (loads the index). Non-zero from `each` stops with SAPDR_E_CALLBACK.
 * @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_repo_list(sapdr_repo *repo, const char *type,
                                                       int32_t (*each)(void *user,
                                                                       const char *id,
                                                                       uint64_t size),
                                                       void *user, sapdr_error **err);

SAPDR_END_DECLS

#endif
